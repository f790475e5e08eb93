//! A file server for one directory, on the loopback interface only: enough to look at the playground and to test it.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::Failure;

/// The longest head of a request that is read, in bytes.
const HEAD_BYTES_MAX: u64 = 16 << 10;
/// How long a browser may take to say what it wants, and to take it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server; it stops when dropped.
///
/// Every connection is answered once, by a thread of its own, and closed: a browser opens several and leaves some of them
/// idle, and none may wait for another.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

/// Can a server listen on this port of the loopback interface? The error says what to do otherwise.
pub fn is_free(port: u16) -> Result<(), Failure> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop).map_err(|error| cannot_listen(port, &error))
}

fn cannot_listen(port: u16, error: &dyn std::fmt::Display) -> Failure {
    format!("cannot listen on 127.0.0.1:{port}: {error}; choose another port with --port")
}

impl Server {
    /// Serves `directory` on 127.0.0.1; port 0 takes a free one.
    pub fn start(directory: &Path, port: u16) -> Result<Self, Failure> {
        let directory = directory.canonicalize().map_err(|error| format!("{}: {error}", directory.display()))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| cannot_listen(port, &error))?;
        let address = listener.local_addr().map_err(|error| cannot_listen(port, &error))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopping.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let directory = directory.clone();
                // The browser may have gone away meanwhile, which is its right.
                std::thread::spawn(move || drop(answer(&stream, &directory)));
            }
        });
        Ok(Self { address, stop, accepting: Some(accepting) })
    }

    /// The address of the page.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // It looks up when somebody comes.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn answer(stream: &TcpStream, directory: &Path) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream.take(HEAD_BYTES_MAX)).lines();
    let Some(first) = lines.next().transpose()? else { return Ok(()) };
    // A head that was not read to its end would be answered by a reset.
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let mut words = first.split(' ');
    let (method, url) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (status, mime, body) = match (method, locate(directory, url)) {
        ("GET" | "HEAD", Some(file)) => match std::fs::read(&file) {
            Ok(content) => ("200 OK", mime_type(&file), content),
            Err(error) => ("500 Internal Server Error", TEXT, format!("{error}\n").into_bytes()),
        },
        ("GET" | "HEAD", None) => ("404 Not Found", TEXT, b"not found\n".to_vec()),
        _ => ("405 Method Not Allowed", TEXT, b"only GET and HEAD\n".to_vec()),
    };
    // `no-store`: the names carry no hash here, and a stale wasm beside fresh glue fails in ways that cost an afternoon.
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {mime}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = stream;
    stream.write_all(head.as_bytes())?;
    if method == "GET" {
        stream.write_all(&body)?;
    }
    stream.flush()
}

const TEXT: &str = "text/plain; charset=utf-8";

/// The file a URL means, or none: never one outside `directory`, not even through a symbolic link.
fn locate(directory: &Path, url: &str) -> Option<PathBuf> {
    let path = url.split(['?', '#']).next()?;
    let path = percent_decoded(path)?;
    let relative = Path::new(path.trim_start_matches('/'));
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return None;
    }
    let mut file = directory.join(relative);
    if file.is_dir() {
        file.push("index.html");
    }
    let file = file.canonicalize().ok()?;
    (file.starts_with(directory) && file.is_file()).then_some(file)
}

/// `%20` and its like undone; none when the result is not text or holds a NUL or a backslash.
fn percent_decoded(path: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            decoded.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok().filter(|text| !text.contains(['\0', '\\']))
}

/// Browsers refuse module scripts and streaming compilation under a wrong type.
fn mime_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("toml" | "txt" | "md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> PathBuf {
        let place = std::env::temp_dir().join(format!("floodgate-server-{name}-{}", std::process::id()));
        std::fs::create_dir_all(place.join("site/sub")).unwrap();
        std::fs::write(place.join("secret.txt"), "secret").unwrap();
        std::fs::write(place.join("site/index.html"), "<p>home").unwrap();
        std::fs::write(place.join("site/sub/a b.wasm"), "wasm").unwrap();
        place
    }

    fn get(server: &Server, target: &str) -> String {
        let mut stream = TcpStream::connect(server.address).unwrap();
        write!(stream, "GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    #[test]
    fn serves_files_with_their_types_and_forbids_caching() {
        let place = fixture("types");
        let server = Server::start(&place.join("site"), 0).unwrap();
        let home = get(&server, "/?theme=dark");
        assert!(home.starts_with("HTTP/1.1 200"), "{home}");
        assert!(home.contains("Content-Type: text/html"), "{home}");
        assert!(home.contains("Cache-Control: no-store"), "{home}");
        assert!(home.ends_with("<p>home"), "{home}");
        let wasm = get(&server, "/sub/a%20b.wasm");
        assert!(wasm.contains("Content-Type: application/wasm"), "{wasm}");
        drop(server);
        std::fs::remove_dir_all(place).unwrap();
    }

    #[test]
    fn nothing_outside_the_directory_is_served() {
        let place = fixture("outside");
        let server = Server::start(&place.join("site"), 0).unwrap();
        for target in [
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/sub/../../secret.txt",
            "/..%5csecret.txt",
            "//etc/passwd",
            "/%00",
            "/%",
            "/none",
        ] {
            let reply = get(&server, target);
            assert!(reply.starts_with("HTTP/1.1 404"), "{target}: {reply}");
        }
        drop(server);
        std::fs::remove_dir_all(place).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_does_not_lead_out() {
        let place = fixture("link");
        std::os::unix::fs::symlink(place.join("secret.txt"), place.join("site/link.txt")).unwrap();
        let server = Server::start(&place.join("site"), 0).unwrap();
        let reply = get(&server, "/link.txt");
        assert!(reply.starts_with("HTTP/1.1 404"), "{reply}");
        drop(server);
        std::fs::remove_dir_all(place).unwrap();
    }
}
