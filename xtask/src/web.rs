//! The playground without trunk: cargo, wasm-bindgen and a copy of the page. Needs nothing but package registries.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::html;
use crate::size;
use crate::tools::{self, WASM_TARGET, Workspace};

/// The package, and therefore the name of the wasm and its glue.
pub const PLAYGROUND: &str = "floodgate-playground";

/// How much the compiler is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// `[profile.serve]`: optimised but without link-time optimisation, for a quick loop of edit and look.
    Serve,
    /// `[profile.web]`: what is published.
    Web,
}

impl Profile {
    /// The name of the profile in `Cargo.toml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Web => "web",
        }
    }
}

/// Builds the playground into `out`, which is created; files of other names in it stay.
pub fn build(workspace: &Workspace, profile: Profile, out: &Path) -> Result<(), Failure> {
    let page = html::render(&tools::read(&workspace.root.join("index.html"))?, PLAYGROUND)?;
    compile(workspace, profile, out, &[])?;
    for asset in &page.assets {
        copy(&workspace.root.join(&asset.source), &out.join(&asset.destination))?;
    }
    tools::write(&out.join("index.html"), &page.html)?;
    eprintln!("built {}, profile {}", out.display(), profile.name());
    if profile == Profile::Web {
        // What a visitor downloads is a budget of the project, so it is said each time.
        eprintln!("{}", size::summary(&size::download(out)?));
    }
    Ok(())
}

/// The wasm that is published, but with the names of its functions, which visitors are spared; its path.
pub fn build_with_names(workspace: &Workspace, out: &Path) -> Result<PathBuf, Failure> {
    compile(workspace, Profile::Web, out, &["--config", "profile.web.strip=false"])
}

/// Compiles the wasm and writes it into `out` with its glue.
fn compile(workspace: &Workspace, profile: Profile, out: &Path, options: &[&str]) -> Result<PathBuf, Failure> {
    ensure_wasm_target(workspace)?;
    let mut command = workspace.cargo();
    command.args(["build", "--package", PLAYGROUND, "--target", WASM_TARGET, "--profile", profile.name()]);
    tools::run(command.args(options))?;
    let wasm = workspace.target.join(WASM_TARGET).join(profile.name()).join(format!("{PLAYGROUND}.wasm"));
    std::fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
    tools::run(&mut bindgen(workspace, &wasm, out)?)?;
    Ok(out.join(format!("{PLAYGROUND}_bg.wasm")))
}

/// The wasm target, by rustup when it is missing.
pub fn ensure_wasm_target(workspace: &Workspace) -> Result<(), Failure> {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.current_dir(&workspace.root).args(["--print", "target-libdir", "--target", WASM_TARGET]);
    if Path::new(tools::output_of(&mut rustc)?.trim()).is_dir() {
        return Ok(());
    }
    if tools::which("rustup").is_none() {
        return Err(format!(
            "the compiler has no {WASM_TARGET} and there is no rustup to add it: install rustup, \
             or your distribution's package of the standard library for {WASM_TARGET}"
        ));
    }
    tools::run(Command::new("rustup").current_dir(&workspace.root).args(["target", "add", WASM_TARGET]))
}

/// The version of wasm-bindgen that `Cargo.lock` holds. The glue must come from exactly this version.
pub fn locked_bindgen_version(root: &Path) -> Result<String, Failure> {
    locked_version(&tools::read(&root.join("Cargo.lock"))?, "wasm-bindgen")?
        .ok_or_else(|| "Cargo.lock holds no wasm-bindgen: does the playground depend on it?".to_owned())
}

fn locked_version(lock: &str, package: &str) -> Result<Option<String>, Failure> {
    let lock: toml::Table = lock.parse().map_err(|error| format!("Cargo.lock: {error}"))?;
    Ok(lock
        .get("package")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
        .find(|entry| entry.get("name").and_then(toml::Value::as_str) == Some(package))
        .and_then(|entry| Some(entry.get("version")?.as_str()?.to_owned())))
}

/// The installed `wasm-bindgen` command, if it has this version.
pub fn installed_bindgen(workspace: &Workspace, version: &str) -> Result<Option<PathBuf>, Failure> {
    let Some(command) = tools::which_in("wasm-bindgen", &workspace.path_with_tools()?) else {
        return Ok(None);
    };
    // A command that cannot say its version is as good as none.
    let said = tools::output_of(Command::new(&command).arg("--version")).unwrap_or_default();
    Ok(said.split_whitespace().any(|word| word == version).then_some(command))
}

/// The command if the right version is there; else the library, which compiles in a fraction of the command's time.
fn bindgen(workspace: &Workspace, wasm: &Path, out: &Path) -> Result<Command, Failure> {
    let version = locked_bindgen_version(&workspace.root)?;
    if let Some(program) = installed_bindgen(workspace, &version)? {
        let mut command = Command::new(program);
        command
            .args(["--target", "web", "--no-typescript", "--out-name", PLAYGROUND])
            .arg("--out-dir")
            .arg(out)
            .arg(wasm);
        return Ok(command);
    }
    let lock = tools::read(&workspace.root.join("Cargo.lock"))?;
    match locked_version(&lock, "wasm-bindgen-cli-support")? {
        Some(support) if support == version => {}
        support => {
            return Err(format!(
                "Cargo.lock holds wasm-bindgen {version} and wasm-bindgen-cli-support {}: \
                 set wasm-bindgen-cli-support in xtask/Cargo.toml to \"={version}\", or run \
                 `cargo install wasm-bindgen-cli --version {version}`",
                support.as_deref().unwrap_or("not at all")
            ));
        }
    }
    let mut command = workspace.cargo();
    command
        .args(["run", "--quiet", "--package", "xtask", "--features", "bindgen"])
        .args(["--bin", "xtask-bindgen", "--"])
        .arg(wasm)
        .arg(out)
        .arg(PLAYGROUND);
    Ok(command)
}

/// Copies a file, or a directory with all below it.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    if from.is_dir() {
        let entries = std::fs::read_dir(from).map_err(|error| format!("{}: {error}", from.display()))?;
        for entry in entries {
            let entry = entry.map_err(|error| format!("{}: {error}", from.display()))?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    let content = std::fs::read(from).map_err(|error| format!("index.html names {}: {error}", from.display()))?;
    tools::write(to, content)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Glue of another version does not load; a change of one without the other must not wait for a browser to be noticed.
    #[test]
    fn the_bindgen_library_has_the_version_of_the_lock() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let lock = tools::read(&root.join("Cargo.lock")).unwrap();
        assert_eq!(
            locked_version(&lock, "wasm-bindgen-cli-support").unwrap(),
            locked_version(&lock, "wasm-bindgen").unwrap(),
            "set wasm-bindgen-cli-support in xtask/Cargo.toml to wasm-bindgen's version"
        );
    }

    #[test]
    fn a_lock_without_the_package_is_no_panic() {
        assert_eq!(locked_version("", "wasm-bindgen").unwrap(), None);
        assert!(locked_version("[[", "wasm-bindgen").is_err());
    }
}
