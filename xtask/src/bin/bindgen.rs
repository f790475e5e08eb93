//! What the `wasm-bindgen` command would do, through the library it is made of: `xtask-bindgen INPUT.wasm OUT_DIR OUT_NAME`.
//!
//! A binary of its own behind a feature, so that `cargo xtask` itself compiles in seconds; it spares a fresh machine the much
//! longer build of the command.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("xtask-bindgen: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, out_dir, out_name] = arguments.as_slice() else {
        return Err("usage: xtask-bindgen INPUT.wasm OUT_DIR OUT_NAME".to_owned());
    };
    Bindgen::new()
        .input_path(input)
        .out_name(out_name)
        .web(true)
        .map_err(|error| format!("{error:#}"))?
        .typescript(false)
        // As the command does it: `init()` without an argument finds the wasm beside the glue.
        .omit_default_module_path(false)
        .generate(out_dir)
        .map_err(|error| format!("{input}: {error:#}"))
}
