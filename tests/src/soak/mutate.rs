//! Damage done to a text: small and large, stupid and knowing.

use super::chance::Chance;

/// Numbers that are easily forgotten.
pub const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "0.0",
    "-0.0",
    "1e-300",
    "1e300",
    "1e400",
    "nan",
    "inf",
    "-inf",
    "255",
    "256",
    "65535",
    "65536",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999999999999999999999",
    "0.000000000000000000000000000000000000001",
    "0x7fffffffffffffff",
    "1_000",
    "+5",
    "00",
    "1e3",
];

/// Units, right ones and others.
const UNITS: &[&str] = &[
    "ns", "us", "ms", "s", "min", "h", "d", "/s", "/min", "/h", "/ms", "B", "KiB", "MiB", "GiB", "KB", "%", "", " s",
    "µs",
];

/// Pieces of files and of control logs.
const PIECES: &[&str] = &[
    "[[node]]\n",
    "[[link]]\n",
    "[[phase]]\n",
    "[[fault]]\n",
    "[[control]]\n",
    "[[expect]]\n",
    "[[variant]]\n",
    "[[variant.node]]\n",
    "[[variant.expect]]\n",
    "[[group]]\n",
    "[node.retry]\n",
    "[a.b.c]\n",
    "id = \"web\"\n",
    "kind = \"station\"\n",
    "set = { rate = \"1/s\" }\n",
    "\"for\":\"1s\",",
    "{\"at\":\"1s\",",
    "\"heal\":\"slow\"",
    "none",
    "'''",
    "\"\"\"",
    "\\u0041",
    "\\uD800",
    "\u{0}",
    "\u{feff}",
    "\u{202e}",
    "é",
    "🦀",
    "\r\n",
    "\r",
    "1979-05-27T07:32:00Z",
    "#",
    "{}",
    "[]",
    "null",
    "true",
    "=",
    ".",
    ",",
];

/// Damages `text` in one to six places; `other` is what pieces are taken from.
pub fn damage(text: &mut Vec<u8>, other: &[u8], chance: &mut Chance) {
    for _ in 0..1 + chance.below(6) {
        match chance.below(15) {
            0 => flip(text, chance),
            1 => overwrite(text, chance),
            2 => cut(text, chance),
            3 => double(text, chance),
            4 => graft(text, other, chance),
            5 => move_line(text, chance),
            6 => double_line(text, chance),
            7 => remove_line(text, chance),
            8 | 9 => swap_tokens(text, chance),
            10 | 11 => replace_number(text, chance),
            12 => replace_unit(text, chance),
            13 => put(text, chance.pick(PIECES).as_bytes(), chance),
            _ => nest(text, chance),
        }
    }
}

/// A stretch of at most `length` bytes.
fn stretch(text: &[u8], length: usize, chance: &mut Chance) -> std::ops::Range<usize> {
    let start = chance.below(text.len() + 1);
    start..(start + chance.below(length + 1)).min(text.len())
}

fn put(text: &mut Vec<u8>, piece: &[u8], chance: &mut Chance) {
    let place = chance.below(text.len() + 1);
    text.splice(place..place, piece.iter().copied());
}

fn flip(text: &mut [u8], chance: &mut Chance) {
    let (place, bit) = (chance.below(text.len()), chance.below(8));
    if let Some(byte) = text.get_mut(place) {
        *byte ^= 1 << bit;
    }
}

fn overwrite(text: &mut [u8], chance: &mut Chance) {
    let (place, with) = (chance.below(text.len()), chance.word() as u8);
    if let Some(byte) = text.get_mut(place) {
        *byte = with;
    }
}

fn cut(text: &mut Vec<u8>, chance: &mut Chance) {
    if chance.one_in(4) {
        text.truncate(chance.below(text.len() + 1));
    } else {
        let range = stretch(text, 80, chance);
        text.drain(range);
    }
}

fn double(text: &mut Vec<u8>, chance: &mut Chance) {
    let copy = text[stretch(text, 200, chance)].to_vec();
    put(text, &copy, chance);
}

fn graft(text: &mut Vec<u8>, other: &[u8], chance: &mut Chance) {
    let piece = &other[stretch(other, 300, chance)];
    put(text, piece, chance);
}

/// Where the lines stand, with their ends.
fn lines(text: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut start = 0;
    text.split_inclusive(|&b| b == b'\n')
        .map(|line| {
            start += line.len();
            start - line.len()..start
        })
        .collect()
}

fn line(text: &[u8], chance: &mut Chance) -> std::ops::Range<usize> {
    let lines = lines(text);
    if lines.is_empty() { 0..0 } else { chance.pick(&lines).clone() }
}

fn move_line(text: &mut Vec<u8>, chance: &mut Chance) {
    let moved: Vec<u8> = text.drain(line(text, chance)).collect();
    let place = line(text, chance).start;
    text.splice(place..place, moved);
}

fn double_line(text: &mut Vec<u8>, chance: &mut Chance) {
    let copy = text[line(text, chance)].to_vec();
    let place = line(text, chance).start;
    text.splice(place..place, copy);
}

fn remove_line(text: &mut Vec<u8>, chance: &mut Chance) {
    text.drain(line(text, chance));
}

/// Where words and numbers stand.
fn tokens(text: &[u8], is_part: impl Fn(u8) -> bool) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    for (place, &byte) in text.iter().enumerate() {
        match (is_part(byte), start) {
            (true, None) => start = Some(place),
            (false, Some(from)) => {
                found.push(from..place);
                start = None;
            }
            _ => {}
        }
    }
    found
}

fn swap_tokens(text: &mut Vec<u8>, chance: &mut Chance) {
    let found = tokens(text, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'"'));
    if found.is_empty() {
        return;
    }
    let (to, from) = (chance.pick(&found).clone(), chance.pick(&found).clone());
    let word = text[from].to_vec();
    text.splice(to, word);
}

fn replace_number(text: &mut Vec<u8>, chance: &mut Chance) {
    let found = tokens(text, |b| b.is_ascii_digit() || b == b'.');
    if !found.is_empty() {
        let place = chance.pick(&found).clone();
        let number = chance.pick(NUMBERS).bytes();
        text.splice(place, number);
    }
}

/// What follows a number becomes another unit.
fn replace_unit(text: &mut Vec<u8>, chance: &mut Chance) {
    let found = tokens(text, |b| b.is_ascii_digit() || b == b'.');
    if !found.is_empty() {
        let start = chance.pick(&found).end;
        let is_unit = |b: &&u8| b.is_ascii_alphabetic() || **b == b'/';
        let end = start + text[start..].iter().take_while(is_unit).count();
        text.splice(start..end, chance.pick(UNITS).bytes());
    }
}

/// Brackets in brackets.
fn nest(text: &mut Vec<u8>, chance: &mut Chance) {
    let depth = [3, 20, 79, 81, 130, 5_000][chance.below(6)];
    let (open, close) =
        [("[", "]"), ("{a=", "}"), ("{\"a\":", "}"), ("a.", ""), ("[", ""), ("[[", "]]")][chance.below(6)];
    let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
    let found = tokens(text, |b| b.is_ascii_digit());
    if found.is_empty() || chance.one_in(4) {
        put(text, nested.as_bytes(), chance);
    } else {
        text.splice(chance.pick(&found).clone(), nested.bytes());
    }
}
