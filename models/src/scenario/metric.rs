//! What an expectation is about: the closed list of measures, by the names that files and reports use.

use floodgate_core::Code;
use std::fmt;

/// A measure of a run or of one of its nodes, over a window of virtual time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Roots born.
    Born,
    /// Roots answered.
    Answered,
    /// Roots failed.
    Failed,
    /// Roots answered well and in time, for someone who still waited.
    Goodput,
    /// Goodput per second.
    GoodputPerS,
    /// Goodput ÷ born.
    GoodputRatio,
    /// Answered ÷ born.
    AnsweredRatio,
    /// Roots born and not ended, at the end of the window.
    InFlight,
    /// Busy time spent for nobody, in seconds.
    WastedWorkSeconds,
    /// Wasted ÷ busy time.
    WastedWorkRatio,
    /// Of the run: roots born per second. Of a node: calls that arrived per second.
    OfferedPerS,
    /// Of the run: roots answered per second. Of a node: calls answered well per second.
    ThroughputPerS,
    /// Of the run: failed ÷ born. Of a node: errors answered ÷ calls answered.
    ErrorRatio,
    /// Of the run: attempts sent by clients ÷ roots born. Of a node: calls that arrived ÷ those of them that no retry
    /// caused.
    Amplification,
    /// Calls that arrived at a node.
    Offered,
    /// Errors that a node answered; of one code, or of all.
    Errors(Option<Code>),
    /// Errors that a node saw as a caller; of one code, or of all.
    CallerErrors(Option<Code>),
    /// Replies that came after their caller had given up.
    Late,
    /// Time from arrival to answer, in milliseconds.
    LatencyMs(LatencyStat),
    /// Share of the slots (workers, connections) in use.
    Utilization,
    /// Requests that wait.
    Queue(QueueStat),
    /// A gauge of the node's kind.
    Gauge(String, GaugeStat),
}

/// Which statistic of the latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LatencyStat {
    /// Arithmetic mean.
    Mean,
    /// Median.
    P50,
    /// 90th percentile.
    P90,
    /// 95th percentile.
    P95,
    /// 99th percentile.
    P99,
    /// 99.9th percentile.
    P999,
    /// Longest.
    Max,
}

/// Which statistic of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueStat {
    /// Over time.
    Mean,
    /// Longest.
    Max,
}

/// Which statistic of a gauge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GaugeStat {
    /// Over time.
    Mean,
    /// Largest.
    Max,
    /// At the end of the window.
    Last,
}

/// Of what a metric can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The whole run only.
    WholeRun,
    /// The whole run, or one node that sends requests of its own.
    Run,
    /// One node, whatever it does.
    Node,
    /// One node that accepts calls.
    Callee,
    /// The whole run, or one node.
    RunOrNode,
}

/// A row of the table of metrics.
struct Row {
    /// Without what comes after the last dot where that varies.
    name: &'static str,
    metric: fn() -> Metric,
}

macro_rules! rows {
    ($($name:literal => $metric:expr),* $(,)?) => { &[ $( Row { name: $name, metric: || $metric } ),* ] };
}

/// Every metric by name, gauges aside: their names are those of the node's kind.
static ROWS: &[Row] = rows! {
    "born" => Metric::Born,
    "answered" => Metric::Answered,
    "failed" => Metric::Failed,
    "goodput" => Metric::Goodput,
    "goodput_per_s" => Metric::GoodputPerS,
    "goodput_ratio" => Metric::GoodputRatio,
    "answered_ratio" => Metric::AnsweredRatio,
    "in_flight" => Metric::InFlight,
    "wasted_work_seconds" => Metric::WastedWorkSeconds,
    "wasted_work_ratio" => Metric::WastedWorkRatio,
    "offered_per_s" => Metric::OfferedPerS,
    "throughput_per_s" => Metric::ThroughputPerS,
    "error_ratio" => Metric::ErrorRatio,
    "amplification" => Metric::Amplification,
    "offered" => Metric::Offered,
    "errors" => Metric::Errors(None),
    "caller_errors" => Metric::CallerErrors(None),
    "late" => Metric::Late,
    "latency_ms.mean" => Metric::LatencyMs(LatencyStat::Mean),
    "latency_ms.p50" => Metric::LatencyMs(LatencyStat::P50),
    "latency_ms.p90" => Metric::LatencyMs(LatencyStat::P90),
    "latency_ms.p95" => Metric::LatencyMs(LatencyStat::P95),
    "latency_ms.p99" => Metric::LatencyMs(LatencyStat::P99),
    "latency_ms.p999" => Metric::LatencyMs(LatencyStat::P999),
    "latency_ms.max" => Metric::LatencyMs(LatencyStat::Max),
    "utilization" => Metric::Utilization,
    "queue.mean" => Metric::Queue(QueueStat::Mean),
    "queue.max" => Metric::Queue(QueueStat::Max),
};

const GAUGE_STATS: &[(&str, GaugeStat)] =
    &[("mean", GaugeStat::Mean), ("max", GaugeStat::Max), ("last", GaugeStat::Last)];

impl Metric {
    /// The metric called `name`. Whether the node has such a gauge is not known here.
    #[must_use]
    pub fn parse(name: &str) -> Option<Metric> {
        if let Some(row) = ROWS.iter().find(|row| row.name == name) {
            return Some((row.metric)());
        }
        if let Some(code) = name.strip_prefix("errors.") {
            return Some(Metric::Errors(Some(Code::from_name(code)?)));
        }
        if let Some(code) = name.strip_prefix("caller_errors.") {
            return Some(Metric::CallerErrors(Some(Code::from_name(code)?)));
        }
        let (gauge, stat) = name.strip_prefix("gauge.")?.rsplit_once('.')?;
        let (_, stat) = GAUGE_STATS.iter().find(|(name, _)| *name == stat)?;
        Some(Metric::Gauge(gauge.to_string(), *stat))
    }

    /// Every name there is, with codes and gauges as patterns: `errors.CODE`, `gauge.NAME.last`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let patterns = ["errors.CODE", "caller_errors.CODE", "gauge.NAME.mean", "gauge.NAME.max", "gauge.NAME.last"];
        ROWS.iter().map(|row| row.name).chain(patterns)
    }

    /// Whether it is kept for each class of requests.
    #[must_use]
    pub fn is_of_classes(&self) -> bool {
        match self {
            Metric::Born
            | Metric::Answered
            | Metric::Failed
            | Metric::Goodput
            | Metric::GoodputPerS
            | Metric::GoodputRatio
            | Metric::AnsweredRatio
            | Metric::InFlight
            | Metric::WastedWorkSeconds
            | Metric::OfferedPerS
            | Metric::ThroughputPerS
            | Metric::ErrorRatio
            | Metric::Amplification
            | Metric::Errors(_)
            | Metric::LatencyMs(_) => true,
            // How much of the work under way is for whom is not known until it has ended.
            Metric::WastedWorkRatio
            | Metric::Offered
            | Metric::CallerErrors(_)
            | Metric::Late
            | Metric::Utilization
            | Metric::Queue(_)
            | Metric::Gauge(..) => false,
        }
    }

    /// Those that are kept for each class of requests, but for errors of one code.
    pub fn of_classes() -> impl Iterator<Item = Metric> {
        ROWS.iter().map(|row| (row.metric)()).filter(Metric::is_of_classes)
    }

    /// Of what it can be taken.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Metric::Born
            | Metric::Answered
            | Metric::Failed
            | Metric::Goodput
            | Metric::GoodputPerS
            | Metric::GoodputRatio
            | Metric::AnsweredRatio
            | Metric::InFlight => Subject::Run,
            Metric::WastedWorkSeconds | Metric::WastedWorkRatio => Subject::WholeRun,
            Metric::OfferedPerS | Metric::ThroughputPerS | Metric::ErrorRatio | Metric::Amplification => {
                Subject::RunOrNode
            }
            Metric::Errors(_) | Metric::Utilization | Metric::Queue(_) => Subject::Callee,
            Metric::Offered | Metric::CallerErrors(_) | Metric::Late | Metric::LatencyMs(_) | Metric::Gauge(..) => {
                Subject::Node
            }
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Metric::Errors(Some(code)) => write!(f, "errors.{}", code.name()),
            Metric::CallerErrors(Some(code)) => write!(f, "caller_errors.{}", code.name()),
            Metric::Gauge(name, stat) => {
                let stat = GAUGE_STATS.iter().find(|(_, s)| s == stat).map_or("", |(name, _)| *name);
                write!(f, "gauge.{name}.{stat}")
            }
            named => f.write_str(ROWS.iter().find(|row| (row.metric)() == *named).map_or("", |row| row.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for row in ROWS {
            let metric = Metric::parse(row.name).expect(row.name);
            assert_eq!(metric, (row.metric)());
            assert_eq!(metric.to_string(), row.name);
        }
        for name in ["errors.502", "caller_errors.timeout", "gauge.kills.last", "gauge.a.b.mean"] {
            assert_eq!(Metric::parse(name).expect(name).to_string(), name);
        }
        for name in ["", "Born", "errors.", "errors.404", "latency_ms", "latency_ms.p98", "gauge.kills", "gauge..x"] {
            assert_eq!(Metric::parse(name), None, "{name}");
        }
    }

    /// A metric left out of the table would print as nothing.
    #[test]
    fn every_plain_metric_is_in_the_table() {
        assert!(ROWS.iter().all(|row| !(row.metric)().to_string().is_empty()));
        assert_eq!(ROWS.len(), 14 + 4 + 7 + 1 + 2);
    }
}
