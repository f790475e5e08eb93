//! A file server for one directory, on the loopback interface only: enough to look at the playground and to test it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use tiny_http::{Header, Method, Request, Response, StatusCode};

use crate::Failure;

/// Requests answered side by side. A browser opens six connections to a host, and each may be slow to read.
const WORKERS: usize = 4;

/// A running server; it stops when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    http: Arc<HttpServer>,
    workers: Vec<JoinHandle<()>>,
}

/// `tiny_http::Server` has no `Debug`, which every public type here has.
struct HttpServer(tiny_http::Server);

impl std::fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpServer({})", self.0.server_addr())
    }
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
        let http = tiny_http::Server::http((Ipv4Addr::LOCALHOST, port)).map_err(|error| cannot_listen(port, &error))?;
        let address = http.server_addr().to_ip().ok_or("the server has no IP address")?;
        let http = Arc::new(HttpServer(http));
        let workers = (0..WORKERS)
            .map(|_| {
                let (http, directory) = (Arc::clone(&http), directory.clone());
                std::thread::spawn(move || {
                    for request in http.0.incoming_requests() {
                        answer(request, &directory);
                    }
                })
            })
            .collect();
        Ok(Self { address, http, workers })
    }

    /// The address of the page.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for _ in &self.workers {
            self.http.0.unblock();
        }
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

fn answer(request: Request, directory: &Path) {
    let response = match (request.method(), locate(directory, request.url())) {
        (Method::Get | Method::Head, Some(file)) => content_of(&file),
        (Method::Get | Method::Head, None) => text(404, "not found\n"),
        _ => text(405, "only GET and HEAD\n"),
    };
    // The browser may have gone away meanwhile, which is its right.
    let _: io::Result<()> = request.respond(response);
}

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

type Body = Response<io::Cursor<Vec<u8>>>;

fn content_of(file: &Path) -> Body {
    match std::fs::read(file) {
        Ok(content) => with_headers(Response::from_data(content), mime_type(file)),
        Err(error) => text(500, &format!("{error}\n")),
    }
}

fn text(status: u16, message: &str) -> Body {
    with_headers(Response::from_data(message).with_status_code(StatusCode(status)), "text/plain; charset=utf-8")
}

fn with_headers(response: Body, mime: &str) -> Body {
    // `no-store`: the names carry no hash here, and a stale wasm beside fresh glue fails in ways that cost an afternoon.
    [("Content-Type", mime), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
        .into_iter()
        .filter_map(|(name, value)| Header::from_bytes(name, value).ok())
        .fold(response, Response::with_header)
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
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

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
