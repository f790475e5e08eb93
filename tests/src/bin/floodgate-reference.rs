//! Runs the reference cases and prints a table: `floodgate-reference [--quick | --long] [FAMILY | CASE]…`. Without a name it
//! runs all.

use floodgate_tests::reference::{Effort, Row, Verdict, cases, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    let (options, names): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|word| word.starts_with('-'));
    let effort = match options.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Effort::FULL,
        ["--quick"] => Effort::QUICK,
        ["--long"] => Effort::LONG,
        _ => {
            eprintln!("floodgate-reference [--quick | --long] [FAMILY | CASE]…");
            eprintln!("names are beginnings: queueing, queueing.mm1, Q-MM1-o-50-100");
            return ExitCode::FAILURE;
        }
    };
    let wanted = |id: &str, family: &str| {
        let begins =
            |name: &String| id.starts_with(name.as_str()) || family == name || family.starts_with(&format!("{name}."));
        names.is_empty() || names.iter().any(begins)
    };
    println!("{}", Row::header());
    let (mut passed, mut failed, mut open, mut chosen) = (0, 0, 0, 0);
    for case in cases().iter().filter(|case| wanted(&case.id, &case.family)) {
        chosen += 1;
        for row in run(case, effort) {
            println!("{row}");
            match row.verdict {
                Verdict::Pass => passed += 1,
                Verdict::Fail(_) => failed += 1,
                Verdict::Open(_) => open += 1,
            }
        }
    }
    println!("{chosen} cases: {passed} numbers hold, {failed} do not, {open} are open");
    if failed == 0 && chosen > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
