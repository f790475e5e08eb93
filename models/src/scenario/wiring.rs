//! What can be said of a link.

use crate::param::{Bytes, ParamSpec, Params, Ratio, Value, Values};
use crate::scenario::{Link, Scenario};
use crate::{choices, params};
use floodgate_core::stats::CLASSES_MAX;
use floodgate_core::{ClassSet, Dist, Duration, LinkSpec, Partition};
use std::collections::BTreeMap;

choices! {
    /// Whether a link is cut.
    pub enum Cut {
        /// It is whole.
        None = "none",
        /// Messages vanish without a word. As TCP does, they are sent again after `rto`, twice that, four times that and so on,
        /// and get through when the link is whole again; whoever waits notices by a time-out.
        Drop = "drop",
        /// Connections are refused: a call is answered 502 at once, and so is one whose answer cannot come back.
        Refuse = "refuse",
    }
}

params! {
    /// What can be said of a link. What is said of messages holds for calls, answers and news of endpoints alike.
    pub struct Wiring {
        /// How long a message takes, one way; calls and answers each draw their own.
        latency: Dist = "\"0s\"" in 0 ..= 3600, live;
        /// Share among the links of the same port, for callers that choose by it.
        weight: f64 = "1.0" in 0 ..= 1000000;
        /// Only for requests whose class begins with one of these, separated by commas: "/api, /login". Balancers and other
        /// callers that choose among links heed it: the longest beginning wins, and links without any take what is left.
        path: Option<String> = none in 1 ..= 256;
        /// Only for requests that have all these headers, separated by commas: "x-version: canary", or the name alone for any
        /// value. The class of a request names them after its path, each after a semicolon: "/api; x-version: canary". Among
        /// links of equally long paths the one with the most headers wins (Kubernetes' Gateway API).
        header: Option<String> = none in 1 ..= 256;
        /// Chance that a message is lost and sent again.
        loss: Ratio = "0.0" in 0 ..= 0.5, live;
        /// How long after it was sent a lost message is sent again; then after twice as long each time, up to two minutes
        /// (RFC 6298; Linux begins at 200 ms).
        rto: Duration = "\"200ms\"" in 0.000001 ..= 120, live;
        /// Bytes per second, in each direction; messages pass one after the other. Absent is without bound.
        bandwidth: Option<Bytes> = none in 1 ..= 1000000000000.0, live;
        /// Size of a call, and of an answer that is an error.
        call_size: Bytes = "\"1KiB\"" in 0 ..= 1000000000000.0, live;
        /// Size of a good answer to a request of whose size its clients say nothing.
        answer_size: Bytes = "\"16KiB\"" in 0 ..= 1000000000000.0, live;
        /// Whether the link is cut; for a time by a `[[phase]]` or `[[control]]` of the link.
        cut: Cut = "\"none\"", live;
    }
}

/// What can be said of a link, as parameters.
pub const LINK: &[ParamSpec] = Wiring::SPECS;

impl Default for Wiring {
    /// As a link is of which nothing is said.
    fn default() -> Wiring {
        Wiring {
            latency: Dist::Constant(Duration::ZERO),
            weight: 1.0,
            path: None,
            header: None,
            loss: Ratio(0.0),
            rto: Duration::from_millis(200),
            bandwidth: None,
            call_size: Bytes(1 << 10),
            answer_size: Bytes(16 << 10),
            cut: Cut::None,
        }
    }
}

impl Wiring {
    /// As the engine knows it.
    pub(crate) fn spec(&self, Whereabouts { classes, near }: Whereabouts) -> LinkSpec {
        LinkSpec {
            latency: self.latency.clone(),
            weight: self.weight,
            loss: self.loss.0,
            rto: self.rto,
            bandwidth: self.bandwidth.map(|b| b.0),
            call_bytes: self.call_size.0,
            answer_bytes: self.answer_size.0,
            partition: match self.cut {
                Cut::None => Partition::None,
                Cut::Drop => Partition::Drop,
                Cut::Refuse => Partition::Refuse,
            },
            classes,
            near,
        }
    }
}

/// What a link is among the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whereabouts {
    classes: ClassSet,
    near: bool,
}

/// What links are for, as far as it depends on those beside them.
pub(crate) struct Paths<'s> {
    scenario: &'s Scenario,
    classes: Vec<&'s str>,
    /// What can be said of the links of each port; empty where no link names a class.
    beside: BTreeMap<(&'s str, usize), Vec<&'s Values>>,
}

impl<'s> Paths<'s> {
    pub(crate) fn of(scenario: &'s Scenario) -> Paths<'s> {
        let mut beside: BTreeMap<_, Vec<_>> = BTreeMap::new();
        if scenario.links.iter().any(|link| is_choosy(&link.values)) {
            for link in scenario.links.iter().filter(|l| !l.removed) {
                beside.entry((link.from.as_str(), link.port)).or_default().push(&link.values);
            }
        }
        beside.retain(|_, links| links.iter().any(|values| is_choosy(values)));
        Paths { scenario, classes: scenario.classes(), beside }
    }

    /// Whether no link names a class.
    pub(crate) fn is_empty(&self) -> bool {
        self.beside.is_empty()
    }

    /// Which classes a link is for: those that it names by a longer beginning than the links beside it, or, when it names
    /// none, those that none of them names; and whether both its ends are in one group.
    pub(crate) fn whereabouts(&self, link: &Link) -> Whereabouts {
        let group = |id: &str| self.scenario.node(id).and_then(|node| node.group.as_deref());
        let near = group(&link.from).is_some_and(|zone| group(&link.to) == Some(zone));
        let beside = self.beside.get(&(link.from.as_str(), link.port));
        let Some(beside) = beside else { return Whereabouts { classes: ClassSet::ALL, near } };
        let mut set = ClassSet::NONE;
        for (number, class) in self.classes.iter().enumerate().take(CLASSES_MAX) {
            let longest = beside.iter().map(|values| named(values, class)).max().flatten();
            if longest.is_some() && named(&link.values, class) == longest {
                set.add(number as u8);
            }
        }
        Whereabouts { classes: set, near }
    }
}

/// How much of a class a link names: the length of the path and the number of headers. Nothing when it names none at all, `None`
/// when it names others.
pub(super) fn named(values: &Values, class: &str) -> Option<(usize, usize)> {
    let mut asked = list(values, "header").peekable();
    let headers = asked.clone().count();
    if asked.peek().is_some() && !asked.all(|header| class.split(';').skip(1).any(|has| is_header(header, has))) {
        return None;
    }
    let mut paths = list(values, "path").peekable();
    if paths.peek().is_none() {
        return Some((0, headers));
    }
    let longest = paths.filter(|beginning| class.starts_with(beginning)).map(str::len).max();
    longest.map(|length| (length, headers))
}

/// Whether a header that a class has is one that is asked for: names in any case, values to the letter.
fn is_header(asked: &str, has: &str) -> bool {
    let parts = |header: &'_ str| match header.split_once(':') {
        Some((name, value)) => (name.trim().to_ascii_lowercase(), Some(value.trim().to_owned())),
        None => (header.trim().to_ascii_lowercase(), None),
    };
    let ((asked, value), (name, is)) = (parts(asked), parts(has));
    asked == name && value.is_none_or(|value| is.unwrap_or_default() == value)
}

/// Whether a link is for some classes only.
pub(super) fn is_choosy(values: &Values) -> bool {
    ["path", "header"].iter().any(|name| list(values, name).next().is_some())
}

/// The parameters of a link of which nothing is said but how long a message takes.
#[must_use]
pub fn plain_link(latency: Dist) -> Values {
    let mut values = super::value::defaults(LINK, "link", &mut super::problem::Diagnostics::new(""));
    values.set("latency", Value::Distribution(latency));
    values
}

/// What a parameter lists, separated by commas.
pub(super) fn list<'v>(values: &'v Values, name: &str) -> impl Iterator<Item = &'v str> + Clone {
    let text = match values.get(name) {
        Some(Value::Text(text)) => text.as_str(),
        _ => "",
    };
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::default_config;

    #[test]
    fn the_default_is_what_the_parameters_say() {
        assert_eq!(default_config::<Wiring>(), Some(Wiring::default()));
    }
}
