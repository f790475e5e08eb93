//! What stands above the track of the scrubber: what was done, and the first saturation of each node by its number.

use crate::editor::Outline;
use crate::live::Live;
use crate::wire::{Flag, FlagKind};
use floodgate::order::Order as _;

/// Flags closer than this share of the track are one: each is large enough for a finger.
const FLAG_GAP: f64 = 0.05;
/// Signs of flags that are one, at most.
const SIGNS_MAX: usize = 3;

/// Something that stands above the track.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// When, in seconds.
    pub t: f64,
    /// Part of classes.
    pub class: &'static str,
    /// What is seen of it.
    pub sign: String,
    /// In words.
    pub text: String,
}

/// First saturations.
#[must_use]
pub fn waves(live: &Live, outline: &Outline) -> Vec<Mark> {
    let title = |node: u32| {
        let id = live.loaded.nodes.get(node as usize).map_or("", String::as_str);
        outline.node(id).map_or(id, |n| n.title.as_str()).to_owned()
    };
    let wave = |(node, (number, t)): (&u32, &(u32, f64))| Mark {
        t: *t,
        class: "wave",
        sign: number.to_string(),
        text: format!("{} is saturated, the {} to be", title(*node), nth(*number)),
    };
    live.waves.iter().map(wave).collect()
}

fn nth(number: u32) -> String {
    match number {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        n => format!("{n}th"),
    }
}

/// Flags that would stand on top of each other as one, with the words of all; numbers of saturations are never left out.
#[must_use]
pub fn gathered(flags: &[Flag], waves: &[Mark], end: f64) -> Vec<Mark> {
    let flag = |flag: &Flag| {
        let (class, sign) = match flag.kind {
            FlagKind::Load => ("load", "▲"),
            FlagKind::Fault => ("fault", "✕"),
            FlagKind::Edit => ("edit", "✎"),
        };
        Mark { t: flag.t, class, sign: sign.to_owned(), text: flag.text.clone() }
    };
    let mut all: Vec<Mark> = flags.iter().map(flag).chain(waves.iter().cloned()).collect();
    all.order_by(|a, b| a.t.total_cmp(&b.t));
    let mut out: Vec<Mark> = Vec::new();
    for mark in all {
        match out.last_mut() {
            Some(last) if mark.t - last.t < FLAG_GAP * end => {
                if mark.class == "wave" && last.sign.chars().count() < SIGNS_MAX {
                    last.sign.push_str(&mark.sign);
                }
                if last.text.len() < 400 {
                    last.text.push_str(&format!("; {}", mark.text));
                }
            }
            _ => out.push(mark),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_would_cover_each_other_are_one_and_numbers_stay() {
        let flag = |t, text: &str| Flag { t, kind: FlagKind::Load, text: text.to_owned(), until: None };
        let wave = |t, sign: &str| Mark { t, class: "wave", sign: sign.to_owned(), text: format!("no. {sign}") };
        let flags = [flag(10.0, "crowd"), flag(10.5, "more"), flag(40.0, "again")];
        let all = gathered(&flags, &[wave(10.8, "1"), wave(11.0, "2"), wave(30.0, "3")], 60.0);
        let said: Vec<(f64, &str, &str)> = all.iter().map(|m| (m.t, m.sign.as_str(), m.text.as_str())).collect();
        assert_eq!(said, [(10.0, "▲12", "crowd; more; no. 1; no. 2"), (30.0, "3", "no. 3"), (40.0, "▲", "again")]);
    }
}
