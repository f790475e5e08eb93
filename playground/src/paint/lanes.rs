//! The tracks of the scrubber: goodput over the load that was born, changes of load as bands; what lies ahead is muted.

use super::theme::Theme;
use crate::live::Live;
use crate::series::{POINTS_MAX, decimated, nice_above, short, time_end};
use crate::wire::Point;
use wasm_bindgen::prelude::*;
use web_sys::CanvasRenderingContext2d;

/// Draws every track that has a lane on the page.
pub fn draw(live: &Live, theme: &Theme) -> Result<(), JsValue> {
    let end = live.end_s().max(0.001);
    let scale = top(live);
    for (id, points) in &live.known {
        let Some((canvas, ratio)) = super::canvas(&format!("lane-{id}")) else { continue };
        let Some(ctx) = canvas.get_context("2d")?.and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok()) else {
            continue;
        };
        let size = (f64::from(canvas.width()), f64::from(canvas.height()));
        let lane = Lane { ctx, size, end, top: scale, ratio };
        lane.ctx.clear_rect(0.0, 0.0, size.0, size.1);
        let current = *id == live.last.track;
        let now = if current { live.last.now_ns as f64 / 1e9 } else { 0.0 };
        if current {
            lane.ctx.set_fill_style_str(&theme.grid);
            for (from, to) in live.triggers().into_iter().filter(|t| t.0 < end) {
                let (from, to) = (from / end * size.0, to.min(end) / end * size.0);
                lane.ctx.fill_rect(from, 0.0, (to - from).max(ratio), size.1);
            }
        }
        lane.area(points, theme, now);
    }
    Ok(())
}

/// The most goodput of any window: of what is offered, a crowd would make everything else a line at the bottom.
fn top(live: &Live) -> f64 {
    let most = |f: fn(&Point) -> f32| live.known.values().flatten().map(|p| f64::from(f(p))).fold(0.0, f64::max);
    most(|p| p.goodput).max(1.0) * 1.15
}

/// Goodput of both sides of a comparison, on the same axes: A a full line, B a dashed one.
pub fn both(a: &Live, b: &Live, theme: &Theme) -> Result<(), JsValue> {
    let Some((canvas, ratio)) = super::canvas("chart-rival") else { return Ok(()) };
    let Some(ctx) = canvas.get_context("2d")?.and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok()) else {
        return Ok(());
    };
    let (width, height) = (f64::from(canvas.width()), f64::from(canvas.height()));
    ctx.clear_rect(0.0, 0.0, width, height);
    let (left, foot) = (34.0 * ratio, 16.0 * ratio);
    let end = time_end(a.last.now_ns.max(b.last.now_ns) as f64 / 1e9);
    let most = [a, b].iter().flat_map(|live| &live.points).map(|p| f64::from(p.goodput)).fold(10.0, f64::max);
    let top = nice_above(most);
    let x = |t: f64| left + t / end * (width - left);
    let y = |v: f64| height - foot - v / top * (height - foot - 6.0 * ratio);
    ctx.set_fill_style_str(&theme.muted);
    ctx.set_font(&format!("{}px system-ui, sans-serif", 11.0 * ratio));
    ctx.set_stroke_style_str(&theme.grid);
    for share in [0.0, 0.5, 1.0] {
        ctx.begin_path();
        ctx.move_to(left, y(top * share));
        ctx.line_to(width, y(top * share));
        ctx.stroke();
        ctx.fill_text(&short(top * share), 2.0, y(top * share) + 4.0 * ratio * if share == 1.0 { 2.0 } else { 1.0 })?;
        ctx.set_text_align(if share == 1.0 { "right" } else { "left" });
        ctx.fill_text(&format!("{:.0} s", end * share), x(end * share), height - 3.0 * ratio)?;
        ctx.set_text_align("left");
    }
    for (live, color, dash) in [(a, &theme.first, 0.0), (b, &theme.retry, 5.0)] {
        ctx.begin_path();
        for (i, (t, v)) in decimated(&live.points, |p| p.goodput).into_iter().enumerate() {
            if i == 0 { ctx.move_to(x(t), y(v)) } else { ctx.line_to(x(t), y(v)) }
        }
        let dashes = js_sys::Array::new();
        if dash > 0.0 {
            dashes.push(&(dash * ratio).into());
            dashes.push(&(3.0 * ratio).into());
        }
        ctx.set_line_dash(&dashes)?;
        ctx.set_stroke_style_str(color);
        ctx.set_line_width(2.0 * ratio);
        ctx.stroke();
    }
    ctx.set_line_dash(&js_sys::Array::new())
}

struct Lane {
    ctx: CanvasRenderingContext2d,
    size: (f64, f64),
    end: f64,
    top: f64,
    ratio: f64,
}

impl Lane {
    fn area(&self, points: &[Point], theme: &Theme, now: f64) {
        let line = decimated(points, |p| p.goodput);
        debug_assert!(line.len() <= POINTS_MAX);
        let (Some(first), Some(last)) = (line.first(), line.last()) else { return };
        let x = |t: f64| t / self.end * self.size.0;
        let y = |v: f64| self.size.1 - (v / self.top).clamp(0.0, 1.0) * (self.size.1 - 2.0 * self.ratio);
        let now_x = x(now);
        for (from, to, alpha) in [(0.0, now_x, 0.9), (now_x, self.size.0, 0.35)] {
            self.ctx.save();
            self.ctx.begin_path();
            self.ctx.rect(from, 0.0, (to - from).max(0.0), self.size.1);
            self.ctx.clip();
            self.ctx.begin_path();
            self.ctx.move_to(x(first.0.min(0.25)), self.size.1);
            for (t, v) in &line {
                self.ctx.line_to(x(*t), y(*v));
            }
            self.ctx.line_to(x(last.0), self.size.1);
            self.ctx.set_global_alpha(alpha * 0.35);
            self.ctx.set_fill_style_str(&theme.ok);
            self.ctx.fill();
            self.ctx.begin_path();
            for (i, (t, v)) in line.iter().enumerate() {
                if i == 0 { self.ctx.move_to(x(*t), y(*v)) } else { self.ctx.line_to(x(*t), y(*v)) }
            }
            self.ctx.set_global_alpha(alpha);
            self.ctx.set_stroke_style_str(&theme.ok);
            self.ctx.set_line_width(1.6 * self.ratio);
            self.ctx.stroke();
            self.ctx.restore();
        }
    }
}
