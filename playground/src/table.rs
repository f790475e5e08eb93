//! All nodes in numbers: the columns, how each is written, and how they are sorted. The numbers are those of the report.

use crate::series::{millis, short};
use crate::wire::NodeFigures;
use floodgate::order::Order as _;
use std::cmp::Ordering;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// What it is called.
    Name,
    /// Calls that arrived.
    Offered,
    /// Answered well, per second.
    Throughput,
    /// Errors by code.
    Errors,
    /// Mean share of its capacity in use.
    Utilization,
    /// Requests that wait.
    Queue,
    /// Median latency.
    P50,
    /// 95th percentile.
    P95,
    /// 99th percentile.
    P99,
    /// Calls ÷ calls that no retry caused.
    Amplification,
}

impl Column {
    /// All of them, in their order.
    pub const ALL: [Column; 10] = [
        Column::Name,
        Column::Offered,
        Column::Throughput,
        Column::Errors,
        Column::Utilization,
        Column::Queue,
        Column::P50,
        Column::P95,
        Column::P99,
        Column::Amplification,
    ];

    /// For people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Column::Name => "Node",
            Column::Offered => "Offered",
            Column::Throughput => "Throughput, 1/s",
            Column::Errors => "Errors",
            Column::Utilization => "Utilisation",
            Column::Queue => "Queue",
            Column::P50 => "p50",
            Column::P95 => "p95",
            Column::P99 => "p99",
            Column::Amplification => "Amplification",
        }
    }

    /// What it is, in a sentence.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Column::Name => "What it is called",
            Column::Offered => "Calls that arrived; of clients, requests that were born",
            Column::Throughput => "Answered well, per second",
            Column::Errors => "Errors it answered, by code; of clients, how requests failed",
            Column::Utilization => "Mean share of the capacity that was there in use",
            Column::Queue => "Requests that waited: in the mean, the most, and how many may",
            Column::P50 => "Half of the good answers came within this time after the call arrived",
            Column::P95 => "95 of 100 good answers came within this time after the call arrived",
            Column::P99 => "99 of 100 good answers came within this time after the call arrived",
            Column::Amplification => "Calls ÷ calls that no retry caused; of clients, attempts ÷ requests",
        }
    }

    /// A cell in words.
    #[must_use]
    pub fn text(self, node: &NodeFigures) -> String {
        let dash = || "–".to_owned();
        let ms = |value: Option<f64>| value.map_or_else(dash, millis);
        match self {
            Column::Name => node.title.clone(),
            Column::Offered => node.offered.to_string(),
            Column::Throughput => short(node.throughput_per_s),
            Column::Errors if node.errors.is_empty() => "0".to_owned(),
            Column::Errors => codes(&node.errors),
            Column::Utilization => node.utilization.map_or_else(dash, |u| format!("{:.0} %", u * 100.0)),
            Column::Queue => {
                let cap = node.queue_cap.map_or_else(String::new, |cap| format!(" / {cap}"));
                format!("{} (max {}{cap})", short(node.queue_mean), node.queue_max)
            }
            Column::P50 => ms(node.p50_ms),
            Column::P95 => ms(node.p95_ms),
            Column::P99 => ms(node.p99_ms),
            Column::Amplification => format!("×{:.2}", node.amplification),
        }
    }

    fn value(self, node: &NodeFigures) -> Option<f64> {
        match self {
            Column::Name => None,
            Column::Offered => Some(node.offered as f64),
            Column::Throughput => Some(node.throughput_per_s),
            Column::Errors => Some(node.errors.iter().map(|e| e.1).sum::<u64>() as f64),
            Column::Utilization => node.utilization,
            Column::Queue => Some(node.queue_mean),
            Column::P50 => node.p50_ms,
            Column::P95 => node.p95_ms,
            Column::P99 => node.p99_ms,
            Column::Amplification => Some(node.amplification),
        }
    }

    fn compare(self, a: &NodeFigures, b: &NodeFigures, descending: bool) -> Ordering {
        let (a_value, b_value) = (self.value(a), self.value(b));
        match (a_value, b_value) {
            (None, None) if self == Column::Name && descending => b.title.cmp(&a.title),
            (None, None) if self == Column::Name => a.title.cmp(&b.title),
            (Some(a), Some(b)) if descending => b.total_cmp(&a),
            (Some(a), Some(b)) => a.total_cmp(&b),
            // What has no value stands below, whichever way it goes.
            (a, b) => b.is_some().cmp(&a.is_some()),
        }
    }
}

/// Counts by code, in words.
#[must_use]
pub fn codes(errors: &[(String, u64)]) -> String {
    errors.iter().map(|(code, count)| format!("{code}: {count}")).collect::<Vec<_>>().join(", ")
}

/// How the table is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// By which column.
    pub column: Column,
    /// From the most down.
    pub descending: bool,
}

impl Order {
    /// After a column was chosen: numbers from the most down, then the other way, then as they stand in the scenario.
    #[must_use]
    pub fn next(now: Option<Order>, column: Column) -> Option<Order> {
        let first = column != Column::Name;
        match now.filter(|order| order.column == column) {
            None => Some(Order { column, descending: first }),
            Some(order) if order.descending == first => Some(Order { column, descending: !first }),
            Some(_) => None,
        }
    }

    /// In the words of `aria-sort`.
    #[must_use]
    pub fn aria(now: Option<Order>, column: Column) -> &'static str {
        match now.filter(|order| order.column == column) {
            None => "none",
            Some(order) if order.descending => "descending",
            Some(_) => "ascending",
        }
    }
}

/// The nodes in that order.
#[must_use]
pub fn sorted(nodes: &[NodeFigures], order: Option<Order>) -> Vec<&NodeFigures> {
    let mut sorted: Vec<&NodeFigures> = nodes.iter().collect();
    if let Some(Order { column, descending }) = order {
        sorted.order_by(|a, b| column.compare(a, b, descending));
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes() -> Vec<NodeFigures> {
        let node = |title: &str, offered, p99_ms, errors: &[(&str, u64)]| NodeFigures {
            title: title.to_owned(),
            offered,
            p99_ms,
            errors: errors.iter().map(|(code, n)| ((*code).to_owned(), *n)).collect(),
            ..NodeFigures::default()
        };
        vec![
            node("Web", 30, Some(12.0), &[("503", 4), ("timeout", 9)]),
            node("Users", 10, None, &[]),
            node("Database", 20, Some(250.0), &[("503", 1)]),
        ]
    }

    fn titles(order: Option<Order>) -> Vec<String> {
        sorted(&nodes(), order).iter().map(|n| n.title.clone()).collect()
    }

    #[test]
    fn a_column_sorts_down_then_up_then_not() {
        let mut order = None;
        let mut seen = Vec::new();
        for _ in 0..4 {
            order = Order::next(order, Column::P99);
            seen.push((Order::aria(order, Column::P99), titles(order)[0].clone()));
        }
        let seen: Vec<(&str, &str)> = seen.iter().map(|(a, t)| (*a, t.as_str())).collect();
        assert_eq!(
            seen,
            [("descending", "Database"), ("ascending", "Web"), ("none", "Web"), ("descending", "Database")]
        );
        let up = Order::next(Order::next(None, Column::P99), Column::P99);
        assert_eq!(titles(up), ["Web", "Database", "Users"], "what has no value stands below");
        assert_eq!(titles(Order::next(up, Column::Name)), ["Database", "Users", "Web"]);
        assert_eq!(titles(Order::next(up, Column::Errors)), ["Web", "Database", "Users"]);
    }

    #[test]
    fn cells_say_what_is_there() {
        let all = nodes();
        assert_eq!(Column::Errors.text(&all[0]), "503: 4, timeout: 9");
        assert_eq!((Column::Errors.text(&all[1]), Column::P99.text(&all[1])), ("0".to_owned(), "–".to_owned()));
        let node = NodeFigures {
            queue_mean: 3.26,
            queue_max: 17,
            queue_cap: Some(100),
            utilization: Some(0.5),
            ..NodeFigures::default()
        };
        assert_eq!(Column::Queue.text(&node), "3.3 (max 17 / 100)");
        assert_eq!(Column::Utilization.text(&node), "50 %");
    }
}
