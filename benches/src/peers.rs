//! Other engines on the same workloads, each a program of its own that prints `ns mean`: processor time per customer, and the
//! mean sojourn in seconds, so that an engine that does something else is found out.

use std::path::Path;
use std::process::Command;

/// What is simulated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Workload {
    /// M/M/1.
    W1,
    /// M/M/8.
    W2,
    /// Clients, balancer, ten replicas, database.
    W3,
}

impl Workload {
    /// `W1`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Workload::W1 => "W1",
            Workload::W2 => "W2",
            Workload::W3 => "W3",
        }
    }

    /// What it is.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Workload::W1 => "M/M/1, rho = 0.9 (theory: mean 10 s)",
            Workload::W2 => "M/M/8, rho = 0.9 (theory: mean 1.877 s)",
            Workload::W3 => "8,000/s, time-outs and retries, balancer, 10 x 8 workers, 20 % to a database of 32",
        }
    }
}

/// Another engine.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Name and version.
    pub name: String,
    /// Which workloads it has a model for.
    pub does: Vec<Workload>,
    /// Program and first words.
    command: Vec<String>,
    /// It is asked for this share of the customers, because it would take minutes for all of them.
    share: f64,
}

/// What it said.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    /// Processor time per customer or request.
    pub ns: f64,
    /// Mean sojourn in seconds.
    pub mean: f64,
}

impl Peer {
    /// One run.
    ///
    /// # Errors
    /// When it does not start, fails, or says something else.
    pub fn run(&self, workload: Workload, customers: u64, seconds: u64) -> Result<Said, String> {
        let amount = if workload == Workload::W3 {
            (seconds as f64 * self.share).max(1.0)
        } else {
            (customers as f64 * self.share).max(10_000.0)
        };
        let output = Command::new(&self.command[0])
            .args(&self.command[1..])
            .args([workload.name().to_lowercase(), format!("{amount:.0}")])
            .output()
            .map_err(|error| format!("does not start: {error}"))?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            return Err(format!("failed: {}", complaint.trim().lines().last().unwrap_or("without a word")));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let mut numbers = text.split_whitespace().map(str::parse::<f64>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(ns)), Some(Ok(mean))) => Ok(Said { ns, mean }),
            _ => Err(format!("said {text:?}")),
        }
    }
}

/// Builds and installs what can be had, and says what cannot and why.
///
/// # Errors
/// When none of it can be had.
pub fn prepare(target: &Path) -> Result<Vec<Peer>, String> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let mut peers = Vec::new();
    match build(&place, target) {
        Ok(mut built) => peers.append(&mut built),
        Err(why) => println!("without simrs and nexosim: {why}"),
    }
    python(&place, target, &mut peers);
    if peers.is_empty() { Err("no other engine is here".to_owned()) } else { Ok(peers) }
}

fn build(place: &Path, target: &Path) -> Result<Vec<Peer>, String> {
    let target = target.join("peers");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo)
        .args(["build", "--release", "--locked", "--manifest-path"])
        .arg(place.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target))?;
    let peer = |name: &str, program: &str| Peer {
        name: name.to_owned(),
        does: vec![Workload::W1, Workload::W2, Workload::W3],
        command: vec![target.join("release").join(program).to_string_lossy().into_owned()],
        share: 1.0,
    };
    Ok(vec![peer("simrs 0.2", "peer-simrs"), peer("nexosim 1.0, one thread", "peer-nexosim")])
}

/// One virtual environment for each, so that their dependencies do not meet.
fn python(place: &Path, target: &Path, peers: &mut Vec<Peer>) {
    // Name, version, least minor version of Python 3, models, and the share of the customers it can do in seconds.
    let known = [
        ("simpy", "4.1.2", 8, &[Workload::W1, Workload::W2, Workload::W3][..], 0.1),
        ("ciw", "3.2.7", 9, &[Workload::W1, Workload::W2][..], 0.05),
        ("cimba", "0.9.6", 11, &[Workload::W1, Workload::W2][..], 1.0),
        ("happysim", "0.2.5", 13, &[Workload::W1, Workload::W2][..], 0.02),
    ];
    for (package, version, least, does, share) in known {
        let installed = interpreter(least).and_then(|python| environment(target, package, version, python));
        match installed {
            Ok(python) => peers.push(Peer {
                name: format!("{package} {version}"),
                does: does.to_vec(),
                command: vec![
                    python,
                    place.join("python").join(format!("{package}_peer.py")).to_string_lossy().into_owned(),
                ],
                share,
            }),
            Err(why) => println!("without {package} {version}: {why}"),
        }
    }
}

/// A Python 3 of at least this minor version.
fn interpreter(least: u32) -> Result<&'static str, String> {
    let test = format!("import sys; sys.exit(sys.version_info < (3, {least}))");
    ["python3", "python3.13", "python3.14"]
        .into_iter()
        .find(|name| Command::new(name).args(["-c", &test]).output().is_ok_and(|o| o.status.success()))
        .ok_or_else(|| format!("it needs Python 3.{least} or later, and none is on PATH"))
}

fn environment(target: &Path, package: &str, version: &str, interpreter: &str) -> Result<String, String> {
    let place = target.join("peers").join("python").join(format!("{package}-{version}"));
    let inside = place.join("bin").join("python");
    let done = place.join("installed");
    if !done.exists() {
        run(Command::new(interpreter).args(["-m", "venv"]).arg(&place))?;
        run(Command::new(&inside).args(["-m", "pip", "install", "--quiet", &format!("{package}=={version}")]))?;
        std::fs::write(&done, "").map_err(|error| error.to_string())?;
    }
    Ok(inside.to_string_lossy().into_owned())
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name} does not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name} failed: {}", complaint.trim().lines().last().unwrap_or("without a word")))
}
