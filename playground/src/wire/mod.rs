//! What the page and its worker say to each other: every command and every reply, in one place.
//!
//! The playground owns these types; the engine knows no screen. They travel as postcard bytes in transferred buffers.

mod answer;
mod command;
mod frame;
mod reply;
mod series;
mod track;

pub use answer::{
    Answer, Books, ClassFigures, Figures, Gone, Journey, JourneyCall, NodeFigures, Question, Request, Requests,
};
pub use command::{Act, Command, Deed, Other, Resume};
pub use frame::{Before, Frame, Line, LinkCounts, NodeCounts, Tone, Totals};
pub use reply::{Loaded, Phase, Preview, Reply, Topology};
use serde::{Deserialize, Serialize};
pub use series::{Detail, NodeDetail, Point, TrackDetail, band_ms, band_of};
pub use track::{Flag, FlagKind, Track};

/// As bytes.
#[must_use]
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // Serialising these types into a growing vector has no way to fail; an empty message is ignored by the other side.
    postcard::to_stdvec(value).unwrap_or_default()
}

/// From bytes; `None` for anything that is not a message.
#[must_use]
pub fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    postcard::from_bytes(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_the_way() {
        let act = Act {
            id: 1,
            node: "users".into(),
            deed: Deed::Set(vec![("rate".into(), Some("\"12000/s\"".into())), ("slo".into(), None)]),
            lasting: Some("20s".into()),
        };
        for command in [Command::Act(act), Command::Speed(f64::INFINITY), Command::Drawn] {
            assert_eq!(decode::<Command>(&encode(&command)), Some(command));
        }
        let frame = Frame { run: 3, digest: Some((7, "0123456789abcdef".into())), ..Frame::default() };
        let reply = Reply::Frame(Box::new(frame));
        assert_eq!(decode::<Reply>(&encode(&reply)), Some(reply));
        assert_eq!(decode::<Reply>(&[0xff; 40]), None);
    }
}
