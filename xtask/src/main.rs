//! `cargo xtask`: the project's own commands.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use lexopt::prelude::*;
use xtask::server::{self, Server};
use xtask::stages::{self, Part};
use xtask::tools::{self, Workspace};
use xtask::watch::Sources;
use xtask::web::{self, Profile};
use xtask::{Failure, bench, golden, size};

const HELP: &str = "\
cargo xtask COMMAND

  serve [--port 8080] [--light] [--release-profile]
        set up what is missing and serve the playground on 127.0.0.1: by trunk when it is installed,
        else (or with --light) by cargo, wasm-bindgen and a small file server
  build-web [--out dist] [--release-profile]
        the playground as files, without trunk
  test [--only native|wasm|browser]
        unit, integration, documentation and golden tests, wasm under Node, the page in Chromium
  ci    formatting, lints with warnings denied, all of `test`, and instructions against benches/instructions.toml
  golden [--update \"reason\"]
        compare the runs of scenarios/*.toml with tests/goldens.toml, or rewrite it and say why in CHANGELOG.md
  bench [--quick] [--peers] [--only speed|components|wasm|page|lists|growth|memory|seek]
        | --callgrind [--update]
        what the engine costs against a hand-written loop, in wasm under Node and in Chromium, and against other
        engines; what the page costs in Chromium; or instructions against benches/instructions.toml
  reference [--quick | --long] [FAMILY | CASE]...
        the reference cases in tests/reference/cases.json: expected, got, interval, verdict
  soak [--quick] [day | loader | controls | programs | PART:NUMBER]...
        memory over a virtual day, a million damaged files and control logs, the engine against a naive interpreter;
        or input NUMBER of a part again
  soak page [--minutes 30]
        memory of the page while it runs in Chromium
  screenshot [--out docs/screenshots]
        pictures of the page, light and dark, healthy and after a flash crowd
  size [--functions 40]
        what a visitor downloads, and which crates and functions the wasm is made of
";

fn main() -> ExitCode {
    match Invocation::parse(lexopt::Parser::from_env()).and_then(Invocation::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// A command with its options.
#[derive(Debug, PartialEq)]
enum Invocation {
    Help,
    Serve { port: u16, light: bool, profile: Profile },
    BuildWeb { out: PathBuf, profile: Profile },
    Test { only: Option<Part> },
    Ci,
    Golden { update: Option<String> },
    Bench { words: Vec<std::ffi::OsString> },
    Reference { words: Vec<String> },
    Soak { words: Vec<String>, minutes: f64 },
    Screenshot { out: PathBuf },
    Size { functions: usize },
}

impl Invocation {
    fn parse(mut words: lexopt::Parser) -> Result<Self, Failure> {
        let bad = |error: lexopt::Error| format!("{error}; see cargo xtask --help");
        let mut invocation = match words.next().map_err(bad)? {
            None | Some(Long("help") | Short('h')) => return Ok(Self::Help),
            Some(Value(name)) => match name.string().map_err(bad)?.as_str() {
                "help" => return Ok(Self::Help),
                "serve" => Self::Serve { port: 8080, light: false, profile: Profile::Serve },
                "build-web" => Self::BuildWeb { out: "dist".into(), profile: Profile::Serve },
                "test" => Self::Test { only: None },
                "ci" => Self::Ci,
                "golden" => Self::Golden { update: None },
                "bench" => Self::Bench { words: Vec::new() },
                "reference" => Self::Reference { words: Vec::new() },
                "soak" => Self::Soak { words: Vec::new(), minutes: 30.0 },
                "screenshot" => Self::Screenshot { out: "docs/screenshots".into() },
                "size" => Self::Size { functions: 40 },
                other => return Err(format!("there is no command {other:?}\n\n{HELP}")),
            },
            Some(other) => return Err(bad(other.unexpected())),
        };
        while let Some(word) = words.next().map_err(bad)? {
            match (&mut invocation, word) {
                (_, Long("help") | Short('h')) => return Ok(Self::Help),
                (Self::Serve { port, .. }, Long("port")) => {
                    *port = words.value().and_then(|value| value.parse()).map_err(bad)?;
                }
                (Self::Serve { light, .. }, Long("light")) => *light = true,
                (Self::Serve { profile, .. } | Self::BuildWeb { profile, .. }, Long("release-profile")) => {
                    *profile = Profile::Web
                }
                (Self::BuildWeb { out, .. } | Self::Screenshot { out }, Long("out")) => {
                    *out = words.value().map_err(bad)?.into();
                }
                (Self::Test { only }, Long("only")) => {
                    let name = words.value().and_then(ValueExt::string).map_err(bad)?;
                    *only = Some(Part::parse(&name)?);
                }
                (Self::Golden { update }, Long("update")) => {
                    let reason = words.value().and_then(ValueExt::string);
                    *update = Some(reason.map_err(bad)?);
                }
                (Self::Bench { words }, Long(option @ ("quick" | "peers" | "callgrind" | "update"))) => {
                    words.push(format!("--{option}").into());
                }
                (Self::Reference { words }, Long(effort @ ("quick" | "long"))) => words.push(format!("--{effort}")),
                (Self::Reference { words }, Value(name)) => words.push(name.string().map_err(bad)?),
                (Self::Soak { minutes, .. }, Long("minutes")) => {
                    *minutes = words.value().and_then(|value| value.parse()).map_err(bad)?;
                }
                (Self::Size { functions }, Long("functions")) => {
                    *functions = words.value().and_then(|value| value.parse()).map_err(bad)?;
                }
                (Self::Soak { words, .. }, Long("quick")) => words.push("--quick".to_owned()),
                (Self::Soak { words, .. }, Value(name)) => words.push(name.string().map_err(bad)?),
                (Self::Bench { words: passed }, Long("only")) => {
                    passed.extend(["--only".into(), words.value().map_err(bad)?]);
                }
                (_, other) => return Err(bad(other.unexpected())),
            }
        }
        Ok(invocation)
    }

    fn run(self) -> Result<(), Failure> {
        if self == Self::Help {
            print!("{HELP}");
            return Ok(());
        }
        let workspace = Workspace::find()?;
        match self {
            Self::Help => Ok(()),
            Self::Serve { port, light, profile } => serve(&workspace, port, light, profile),
            Self::BuildWeb { out, profile } => web::build(&workspace, profile, &workspace.root.join(out)),
            Self::Test { only } => stages::test(&workspace, only),
            Self::Ci => stages::ci(&workspace),
            Self::Golden { update: None } => golden::check(&workspace),
            Self::Golden { update: Some(reason) } => golden::update(&workspace, &reason),
            Self::Bench { words } => bench::run(&workspace, &words),
            Self::Reference { words } => {
                tests_program(&workspace, Profile::Serve.name(), "floodgate-reference", &words)
            }
            Self::Soak { words, minutes } if words == ["page"] => {
                browser_tool(&workspace, Profile::Web, &["soak".into(), minutes.to_string().into()])
            }
            // A profile of its own: there, panics can be caught and every assertion is on.
            Self::Soak { words, .. } => tests_program(&workspace, "soak", "floodgate-soak", &words),
            Self::Screenshot { out } => {
                let out = workspace.root.join(out);
                browser_tool(&workspace, Profile::Serve, &["screenshot".into(), out.into()])
            }
            Self::Size { functions } => {
                let out = workspace.target.join("web-names");
                let wasm = web::build_with_names(&workspace, &out)?;
                size::explain(&wasm, functions)
            }
        }
    }
}

fn serve(workspace: &Workspace, port: u16, light: bool, profile: Profile) -> Result<(), Failure> {
    // Asked before the build, which on a new machine takes minutes.
    server::is_free(port)?;
    web::ensure_wasm_target(workspace)?;
    if let (false, Some(trunk)) = (light, tools::which("trunk")) {
        install_bindgen(workspace)?;
        let mut command = Command::new(trunk);
        command.current_dir(&workspace.root).env("PATH", workspace.path_with_tools()?).args([
            "serve",
            "--address",
            "127.0.0.1",
            "--port",
            &port.to_string(),
        ]);
        if profile == Profile::Web {
            command.args(["--release", "--cargo-profile", profile.name()]);
        }
        // Trunk takes the variable's value for a boolean and refuses the customary `1`.
        if std::env::var_os("NO_COLOR").is_some() {
            command.env("NO_COLOR", "true");
        }
        return tools::run(&mut command);
    }
    let dist = workspace.root.join("dist");
    let mut sources = Sources::of_trunk(&workspace.root)?;
    web::build(workspace, profile, &dist)?;
    let server = Server::start(&dist, port)?;
    eprintln!("serving {} — reload the page after a change, Ctrl-C ends it", server.url());
    loop {
        sources.wait();
        match web::build(workspace, profile, &dist) {
            Ok(()) => eprintln!("rebuilt; reload {}", server.url()),
            // The compiler has said what is wrong; the next change may mend it.
            Err(problem) => eprintln!("xtask: {problem}"),
        }
    }
}

/// Trunk takes the `wasm-bindgen` on PATH when it has the lock's version, and would download one when it has not.
/// Building it takes minutes, so that happens only when there is none, and into the target directory.
fn install_bindgen(workspace: &Workspace) -> Result<(), Failure> {
    let version = web::locked_bindgen_version(&workspace.root)?;
    if web::installed_bindgen(workspace, &version)?.is_some() {
        return Ok(());
    }
    eprintln!("installing wasm-bindgen {version}, which takes some minutes once; `--light` needs it not");
    tools::run(
        workspace
            .cargo()
            .args(["install", "wasm-bindgen-cli", "--version", &version, "--root"])
            .arg(workspace.tools_dir()),
    )
}

/// Builds the page and hands it to the program of the tests' package that drives Chromium.
fn browser_tool(workspace: &Workspace, profile: Profile, words: &[std::ffi::OsString]) -> Result<(), Failure> {
    if let Some(stages::Outcome::Skipped(why)) = stages::browser_missing()? {
        return Err(why);
    }
    let dist = workspace.target.join(format!("web-{}", profile.name()));
    web::build(workspace, profile, &dist)?;
    tools::run(
        workspace
            .cargo()
            .args(["run", "--quiet", "--package", "floodgate-tests", "--features", "browser"])
            .args(["--bin", "floodgate-browser", "--"])
            .args(words)
            .env("FLOODGATE_DIST", dist),
    )
}

/// Runs a program of the tests' package, compiled for speed but not for minutes.
fn tests_program(workspace: &Workspace, profile: &str, name: &str, words: &[String]) -> Result<(), Failure> {
    let mut command = workspace.cargo();
    command.args(["run", "--quiet", "--profile", profile, "--package", "floodgate-tests"]);
    command.args(["--bin", name, "--"]).args(words);
    tools::run(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Invocation, Failure> {
        Invocation::parse(lexopt::Parser::from_args(words))
    }

    #[test]
    fn options_reach_their_command_and_no_other() {
        assert_eq!(
            parse(&["serve", "--port=9000", "--light"]),
            Ok(Invocation::Serve { port: 9000, light: true, profile: Profile::Serve })
        );
        assert_eq!(
            parse(&["golden", "--update", "retries are counted"]),
            Ok(Invocation::Golden { update: Some("retries are counted".to_owned()) })
        );
        assert_eq!(
            parse(&["reference", "queueing.mm1", "--quick"]),
            Ok(Invocation::Reference { words: vec!["queueing.mm1".to_owned(), "--quick".to_owned()] })
        );
        assert_eq!(
            parse(&["soak", "--quick", "loader:17"]),
            Ok(Invocation::Soak { words: vec!["--quick".to_owned(), "loader:17".to_owned()], minutes: 30.0 })
        );
        assert_eq!(
            parse(&["soak", "page", "--minutes", "2.5"]),
            Ok(Invocation::Soak { words: vec!["page".to_owned()], minutes: 2.5 })
        );
        assert_eq!(parse(&["test", "--only", "wasm"]), Ok(Invocation::Test { only: Some(Part::Wasm) }));
        assert_eq!(
            parse(&["bench", "--quick", "--peers"]),
            Ok(Invocation::Bench { words: vec!["--quick".into(), "--peers".into()] })
        );
        assert!(parse(&["test", "--port", "1"]).unwrap_err().contains("--port"));
        assert!(parse(&["serve", "--port", "many"]).unwrap_err().contains("many"));
        assert!(parse(&["dance"]).unwrap_err().contains("dance"));
        assert_eq!(parse(&[]), Ok(Invocation::Help));
        assert_eq!(parse(&["test", "--help"]), Ok(Invocation::Help));
    }
}
