//! One input after the other: each within its time and memory, none with a panic, and each to be found again by its number.

use super::memory;
use super::outcome::Outcome;
use cpu_time::ThreadTime;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Processor time that no input may take: thousands of times what they take.
const INPUT_TIME_MAX: Duration = Duration::from_secs(10);

/// How much of an input is shown.
const SHOWN_BYTES_MAX: usize = 3_000;

/// Which inputs: their numbers, from and to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers(pub std::ops::Range<u64>);

impl Numbers {
    /// So many from the first on.
    #[must_use]
    pub fn first(count: u64) -> Numbers {
        Numbers(0..count)
    }
}

/// Trials since the program started, for whoever watches whether it goes on.
static STARTED: AtomicU64 = AtomicU64::new(0);

/// Whether one is being tried.
static UNDER_WAY: AtomicBool = AtomicBool::new(false);

/// Whether an input is being tried.
#[must_use]
pub fn under_way() -> bool {
    UNDER_WAY.load(Ordering::Relaxed)
}

/// Trials since the program started.
#[must_use]
pub fn started() -> u64 {
    STARTED.load(Ordering::Relaxed)
}

/// The most that any input took, and which.
#[derive(Clone, Copy, Debug, Default)]
struct Most {
    value: f64,
    number: u64,
}

impl Most {
    fn see(&mut self, value: f64, number: u64) {
        if value > self.value {
            *self = Most { value, number };
        }
    }
}

/// Tries inputs, and keeps what is known of all of them.
#[derive(Debug, Default)]
pub struct Trials {
    slowest: Most,
    seconds: f64,
    count: u64,
    input_bytes: u64,
}

impl Trials {
    /// Tries the input called `number`; what the trial returns as wrong, and a panic, are failures.
    pub fn run(
        &mut self,
        number: u64,
        input: &[u8],
        outcome: &mut Outcome,
        trial: impl FnOnce() -> Result<(), String>,
    ) {
        STARTED.fetch_add(1, Ordering::Relaxed);
        UNDER_WAY.store(true, Ordering::Relaxed);
        let start = ThreadTime::now();
        let result = catch_unwind(AssertUnwindSafe(trial));
        let took = start.elapsed();
        UNDER_WAY.store(false, Ordering::Relaxed);
        self.count += 1;
        self.input_bytes += input.len() as u64;
        self.seconds += took.as_secs_f64();
        self.slowest.see(took.as_secs_f64(), number);
        let wrong = match result {
            Err(panic) => format!("panicked: {}", panic_text(panic.as_ref())),
            Ok(Err(wrong)) => wrong,
            Ok(Ok(())) if took > INPUT_TIME_MAX => format!("took {took:?}"),
            Ok(Ok(())) => return,
        };
        outcome.fail(format!("input {number} {wrong}\n--- the input ---\n{}\n---", shown(input)));
    }

    /// How many inputs there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Puts what is known of all of them into the table.
    pub fn rows(&self, outcome: &mut Outcome) {
        outcome.row("inputs", format!("{} of {}", self.count, memory::mib(self.input_bytes)));
        outcome.row("processor time", format!("{:.1} s", self.seconds));
        let Most { value, number } = self.slowest;
        outcome.row("slowest input", format!("{:.1} ms, number {number} (limit {INPUT_TIME_MAX:?})", value * 1e3));
    }
}

/// Watches how much memory a reader asks for, which is never less than what it holds at its peak.
#[derive(Debug)]
pub struct Meter {
    /// Bytes for each byte of the input.
    per_byte: u64,
    /// Bytes besides.
    base: u64,
    most: Most,
}

impl Meter {
    /// Allows `per_byte` for each byte of the input, and `base` besides.
    #[must_use]
    pub fn new(per_byte: u64, base: u64) -> Meter {
        Meter { per_byte, base, most: Most::default() }
    }

    /// Runs `read` over the input called `number`.
    ///
    /// # Errors
    /// How much it asked for, when that is more than is allowed.
    pub fn read<T>(&mut self, number: u64, input: &[u8], read: impl FnOnce() -> T) -> Result<T, String> {
        let before = memory::asked_bytes();
        let result = read();
        let asked = memory::asked_bytes() - before;
        self.most.see(asked.saturating_sub(self.base) as f64 / input.len().max(1) as f64, number);
        if asked > self.per_byte * input.len() as u64 + self.base {
            return Err(format!("of {} bytes made the reader ask for {}", input.len(), memory::mib(asked)));
        }
        Ok(result)
    }

    /// Puts the most that was asked for into the table.
    pub fn rows(&self, outcome: &mut Outcome) {
        let Most { value, number } = self.most;
        outcome.check(memory::counts(), || "the allocator of this program does not count".to_owned());
        outcome.row(
            format!("memory asked for per byte read, beyond {}", memory::mib(self.base)),
            format!("at most {value:.0} bytes, number {number} (limit {})", self.per_byte),
        );
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a text").to_owned()
}

/// The input for people: control characters escaped, line breaks kept.
fn shown(input: &[u8]) -> String {
    let part = &input[..input.len().min(SHOWN_BYTES_MAX)];
    let text: String = part.escape_ascii().to_string().replace("\\n", "\n");
    if part.len() < input.len() { format!("{text}\n… {} bytes", input.len()) } else { text }
}
