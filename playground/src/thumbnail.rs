//! Small pictures of scenarios: the shape of the system, and what comes of it over time.

use crate::editor::Outline;
use crate::geometry::{Places, curve, size};
use crate::wire::Preview;
use floodgate::catalogue::Look;

/// Width and height of both drawings.
pub const SIZE: (f64, f64) = (240.0, 64.0);
/// Room around the shape.
const MARGIN: f64 = 6.0;
/// Cards become no larger than this share of themselves: two nodes do not fill the picture.
const LARGEST: f64 = 0.2;
/// The top of the chart above the highest goodput, as a factor: offered load may leave the picture.
const HEADROOM: f64 = 1.3;

/// A card: left, top, width, height, and what kind of thing it is.
pub type Box = (f64, f64, f64, f64, Option<Look>);

/// The shape of a system.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Shape {
    /// Cards.
    pub boxes: Vec<Box>,
    /// Links, as one SVG path.
    pub links: String,
}

/// The shape of the system that a text describes, in [`SIZE`].
#[must_use]
pub fn shape(outline: &Outline) -> Shape {
    let places = Places::default().updated(outline);
    let Some((left, top, right, bottom)) = places.bounds(outline) else { return Shape::default() };
    let room = (SIZE.0 - 2.0 * MARGIN, SIZE.1 - 2.0 * MARGIN);
    let k = (room.0 / (right - left)).min(room.1 / (bottom - top)).min(LARGEST);
    let shift = ((SIZE.0 - (right - left) * k) / 2.0, (SIZE.1 - (bottom - top) * k) / 2.0);
    let to = |(x, y): (f64, f64)| ((x - left) * k + shift.0, (y - top) * k + shift.1);
    let mut links = String::new();
    for curve in outline.links.iter().filter_map(|link| curve(outline, &places, link)) {
        links.push_str(&curve.map(to).path());
    }
    let card = |node: &crate::editor::outline::NodeSketch| {
        let ((x, y), (w, h)) = (to(places.of(node)), size(node));
        (x, y, w * k, h * k, node.descriptor.map(|d| d.look))
    };
    Shape { boxes: outline.nodes.iter().map(card).collect(), links }
}

/// What came of a run, as SVG paths in [`SIZE`].
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Curves {
    /// Goodput, as an area.
    pub goodput: String,
    /// Offered load, as a line; above the top it runs along the top.
    pub offered: String,
}

/// The series of a preview. The axis of time is the whole run, however far it has come.
#[must_use]
pub fn curves(preview: &Preview) -> Curves {
    let most = preview.points.iter().map(|p| f64::from(p.2)).fold(0.0, f64::max);
    let top =
        if most > 0.0 { most * HEADROOM } else { preview.points.iter().map(|p| f64::from(p.1)).fold(1.0, f64::max) };
    let x = |t: f32| f64::from(t) / f64::from(preview.until_s.max(1e-9)) * SIZE.0;
    let y = |v: f32| SIZE.1 - (f64::from(v) / top).clamp(0.0, 1.0) * (SIZE.1 - 2.0);
    let mut curves = Curves::default();
    // A window's number holds from its beginning to its end.
    let mut from = 0.0;
    for (t, offered, goodput) in &preview.points {
        let step = if curves.offered.is_empty() { 'M' } else { 'L' };
        curves.offered.push_str(&format!("{step}{from:.1} {0:.1}L{1:.1} {0:.1}", y(*offered), x(*t)));
        let step = if curves.goodput.is_empty() { format!("M{from:.1} {:.1}", SIZE.1) } else { String::new() };
        curves.goodput.push_str(&format!("{step}L{from:.1} {0:.1}L{1:.1} {0:.1}", y(*goodput), x(*t)));
        from = x(*t);
    }
    if !curves.goodput.is_empty() {
        curves.goodput.push_str(&format!("L{from:.1} {:.1}Z", SIZE.1));
    }
    curves
}

/// What came of a run, in words.
#[must_use]
pub fn said(preview: &Preview) -> String {
    match (&preview.halted, preview.ended) {
        (Some(why), _) => why.lines().next().unwrap_or_default().to_owned(),
        (None, 0) if preview.done => "nothing was asked".to_owned(),
        (None, 0) => "running …".to_owned(),
        (None, ended) => {
            let share = preview.goodput as f64 / ended as f64 * 100.0;
            // 100 % is said of all and of nothing less.
            let digits = if share < 99.5 || preview.goodput == ended { 0 } else { 2 };
            let share = if preview.goodput == ended { 100.0 } else { share.min(99.99) };
            let until = preview.points.last().map_or(0.0, |p| p.0);
            format!("{share:.digits$} % in time, {until:.0} s")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_fits_the_picture_and_shows_every_node_and_link() {
        for exhibit in crate::gallery::GALLERY {
            let outline = Outline::read(exhibit.text);
            let shape = shape(&outline);
            assert_eq!(shape.boxes.len(), outline.nodes.len());
            assert_eq!(shape.links.matches('M').count(), outline.links.len());
            for (x, y, w, h, _) in shape.boxes {
                assert!(x >= 0.0 && y >= 0.0 && x + w <= SIZE.0 && y + h <= SIZE.1, "{}", exhibit.file);
            }
        }
        assert_eq!(shape(&Outline::default()), Shape::default());
    }

    #[test]
    fn curves_stay_in_the_picture_and_grow_with_the_run() {
        let points = vec![(0.5, 100.0, 100.0), (1.0, 4000.0, 50.0)];
        let preview = Preview { until_s: 2.0, ended: 3, goodput: 2, points, ..Preview::default() };
        let curves = curves(&preview);
        assert_eq!(curves.offered, "M0.0 16.3L60.0 16.3L60.0 2.0L120.0 2.0");
        assert_eq!(curves.goodput, "M0.0 64.0L0.0 16.3L60.0 16.3L60.0 40.2L120.0 40.2L120.0 64.0Z");
        assert_eq!(said(&preview), "67 % in time, 1 s");
        assert_eq!(super::curves(&Preview::default()), Curves::default());
    }

    #[test]
    fn all_is_said_of_all_alone() {
        let said =
            |goodput, ended| said(&Preview { goodput, ended, points: vec![(60.0, 0.0, 0.0)], ..Preview::default() });
        assert_eq!(said(1_000_000, 1_000_000), "100 % in time, 60 s");
        assert_eq!(said(999_999, 1_000_000), "99.99 % in time, 60 s");
        assert_eq!(said(0, 10), "0 % in time, 60 s");
    }
}
