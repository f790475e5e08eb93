//! The workloads in wasm, in a worker of an empty page.

use floodgate_tests::browser::{BrowserError, Options, PATIENCE, Page};

/// Answers each line `WORKLOAD UNTIL` on its input with `MS_BY_THE_CLOCK MS_OF_PROCESSOR EVENTS DIGEST`, after a line with the
/// browser's version. The runs are in a worker of an empty page, as the playground's are in a worker of its page.
pub(crate) async fn answer() -> Result<(), BrowserError> {
    let page = Page::open(Options { query: "bench/index.html".to_owned(), ..Options::default() }).await?;
    page.wait_until("window.bench !== undefined", PATIENCE).await?;
    println!("{}", page.version());
    for line in std::io::stdin().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let (workload, until) = line.split_once(' ').ok_or_else(|| format!("{line:?} is no `WORKLOAD UNTIL`"))?;
        let (workload, until) = (serde_json::Value::from(workload), serde_json::Value::from(until));
        let before = page.worker_time();
        let answer = page.eval(&format!("window.bench({workload}, {until})")).await?;
        let processor = before.and_then(|before| Some((page.worker_time()? - before).as_secs_f64() * 1e3));
        let result = &answer["result"];
        match (result["ms"].as_f64(), result["events"].as_u64(), result["digest"].as_str()) {
            (Some(ms), Some(events), Some(digest)) => {
                let processor = processor.map_or("-".to_owned(), |ms| ms.to_string());
                println!("{ms} {processor} {events} {digest}");
            }
            _ => return Err(format!("{line}: {answer}").into()),
        }
    }
    Ok(())
}
