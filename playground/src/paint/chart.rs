//! Draws the charts: axes, bands of changed load, areas, cells, lines, and the numbers of first saturations.

use super::theme::Theme;
use crate::charts::{Ink, Line, Plot, Stroke, Unit};
use crate::live::Live;
use crate::series::{ticks, time_ticks};
use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// Room for the labels at the left of every chart, in CSS pixels: the same everywhere, so that times stand below each other.
pub const LEFT: f64 = 52.0;
/// Room at the right.
pub const RIGHT: f64 = 12.0;
const TOP: f64 = 8.0;
const FOOT: f64 = 20.0;
/// A label of the time axis needs so much room.
const TIME_LABEL: f64 = 70.0;

/// Draws a chart; `ratio` is pixels per CSS pixel.
pub fn draw(canvas: &HtmlCanvasElement, plot: &Plot, live: &Live, theme: &Theme, ratio: f64) -> Result<(), JsValue> {
    let Some(ctx) = canvas.get_context("2d")?.and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok()) else {
        return Ok(());
    };
    let size = (f64::from(canvas.width()) / ratio, f64::from(canvas.height()) / ratio);
    let chart = Chart { ctx, plot, theme, size };
    chart.ctx.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0)?;
    chart.ctx.clear_rect(0.0, 0.0, size.0, size.1);
    chart.ctx.set_font("11px system-ui, sans-serif");
    chart.bands(live);
    chart.axes()?;
    chart.inside(|c| {
        c.areas();
        c.cells();
        c.lines()
    })?;
    chart.names()?;
    chart.waves(live)
}

struct Chart<'a> {
    ctx: CanvasRenderingContext2d,
    plot: &'a Plot,
    theme: &'a Theme,
    size: (f64, f64),
}

impl Chart<'_> {
    fn x(&self, t: f64) -> f64 {
        LEFT + t / self.plot.end * (self.size.0 - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let (low, high) = self.plot.range;
        let share = match self.plot.log {
            true => js_sys::Math::log(value.max(low) / low) / js_sys::Math::log(high / low),
            false => (value - low) / (high - low),
        };
        // What is above the chart leaves it at its upper edge, however far it is.
        self.size.1 - FOOT - share.min(1.02) * (self.size.1 - FOOT - TOP)
    }

    fn ink(&self, ink: Ink) -> &str {
        match ink {
            Ink::First => &self.theme.first,
            Ink::Retry => &self.theme.retry,
            Ink::Ok => &self.theme.ok,
            Ink::Error => &self.theme.error,
            Ink::Shed => &self.theme.shed,
            Ink::Muted => &self.theme.muted,
        }
    }

    /// Changes of load and faults, planned and by hand.
    fn bands(&self, live: &Live) {
        self.ctx.set_fill_style_str(&self.theme.muted);
        self.ctx.set_global_alpha(0.16);
        for (from, to) in live.triggers().into_iter().filter(|t| t.0 < self.plot.end) {
            let (from, to) = (self.x(from), self.x(to.min(self.plot.end)));
            self.ctx.fill_rect(from, TOP, (to - from).max(1.0), self.size.1 - FOOT - TOP);
        }
        self.ctx.set_global_alpha(1.0);
    }

    fn axes(&self) -> Result<(), JsValue> {
        let (low, high) = self.plot.range;
        let ctx = &self.ctx;
        ctx.set_stroke_style_str(&self.theme.grid);
        ctx.set_fill_style_str(&self.theme.muted);
        ctx.set_line_width(1.0);
        ctx.set_text_align("right");
        let values = if self.plot.unit == Unit::Rows { Vec::new() } else { ticks(low, high, self.plot.log) };
        for value in values {
            let y = self.y(value).round() + 0.5;
            self.stroke(&[(LEFT, y), (self.size.0 - RIGHT, y)]);
            ctx.fill_text(&self.plot.unit.text(value), LEFT - 7.0, y + 3.5)?;
        }
        let foot = self.size.1 - FOOT + 0.5;
        self.stroke(&[(LEFT + 0.5, TOP), (LEFT + 0.5, foot), (self.size.0 - RIGHT, foot)]);
        ctx.set_text_align("center");
        for t in time_ticks(self.plot.end, (self.size.0 - LEFT - RIGHT) / TIME_LABEL) {
            let x = self.x(t.into()).round() + 0.5;
            self.stroke(&[(x, foot), (x, foot + 3.0)]);
            // Half a label has room at the right, and no more.
            ctx.fill_text(&format!("{t} s"), x.min(self.size.0 - 18.0), self.size.1 - 5.0)?;
        }
        ctx.set_text_align("left");
        Ok(())
    }

    /// Nothing is drawn beside the axes.
    fn inside(&self, draw: impl FnOnce(&Self) -> Result<(), JsValue>) -> Result<(), JsValue> {
        self.ctx.save();
        self.ctx.begin_path();
        self.ctx.rect(LEFT, TOP - 2.0, self.size.0 - LEFT - RIGHT + 2.0, self.size.1 - FOOT - TOP + 4.0);
        self.ctx.clip();
        let done = draw(self);
        self.ctx.restore();
        done
    }

    fn areas(&self) {
        for area in self.plot.areas.iter().filter(|a| a.outline.len() > 2) {
            self.ctx.begin_path();
            for (t, v) in &area.outline {
                self.ctx.line_to(self.x(*t), self.y(*v));
            }
            self.ctx.set_global_alpha(area.density);
            self.ctx.set_fill_style_str(self.ink(area.ink));
            self.ctx.fill();
        }
        self.ctx.set_global_alpha(1.0);
    }

    fn cells(&self) {
        for cell in &self.plot.cells {
            let (left, right) = (self.x(cell.time.0), self.x(cell.time.1));
            let (low, high) = (self.y(cell.value.0), self.y(cell.value.1));
            self.ctx.set_global_alpha(cell.density);
            self.ctx.set_fill_style_str(self.ink(cell.ink));
            self.ctx.fill_rect(left, high, (right - left).max(0.5), low - high);
        }
        self.ctx.set_global_alpha(1.0);
    }

    fn lines(&self) -> Result<(), JsValue> {
        for line in &self.plot.lines {
            let dashes: &[f64] = match line.stroke {
                Stroke::Thin | Stroke::Thick => &[],
                Stroke::Dashed => &[7.0, 4.0],
                Stroke::Dotted => &[2.0, 3.0],
            };
            self.ctx.set_line_dash(&dashes.iter().copied().map(JsValue::from).collect::<Array>())?;
            self.ctx.set_stroke_style_str(self.ink(line.ink));
            self.ctx.set_line_width(if line.stroke == Stroke::Thick { 2.6 } else { 1.6 });
            self.line(line);
        }
        self.ctx.set_line_dash(&Array::new())
    }

    /// Where there is no value there is no line; one value alone is a short one.
    fn line(&self, line: &Line) {
        for run in line.points.split(|p| !p.1.is_finite()).filter(|run| !run.is_empty()) {
            let mut points: Vec<(f64, f64)> = run.iter().map(|(t, v)| (self.x(*t), self.y(*v))).collect();
            if let [(x, y)] = points[..] {
                points = vec![(x - 1.5, y), (x + 1.5, y)];
            }
            self.stroke(&points);
        }
    }

    fn stroke(&self, points: &[(f64, f64)]) {
        self.ctx.begin_path();
        for (x, y) in points {
            self.ctx.line_to(*x, *y);
        }
        self.ctx.stroke();
    }

    /// States where there is room for their names, rows, and why there is nothing to see.
    fn names(&self) -> Result<(), JsValue> {
        self.ctx.set_fill_style_str(&self.theme.text);
        for cell in self.plot.cells.iter().filter(|c| !c.text.is_empty()) {
            let room = self.x(cell.time.1) - self.x(cell.time.0) - 8.0;
            if self.ctx.measure_text(cell.text)?.width() <= room {
                let middle = (self.y(cell.value.0) + self.y(cell.value.1)) / 2.0;
                self.ctx.fill_text(cell.text, self.x(cell.time.0) + 4.0, middle + 4.0)?;
            }
        }
        for (height, name) in &self.plot.rows {
            self.ctx.fill_text(name, LEFT + 4.0, self.y(height + 0.45) + 3.0)?;
        }
        if let Some(why) = self.plot.empty {
            self.ctx.set_fill_style_str(&self.theme.muted);
            self.ctx.fill_text(why, LEFT + 8.0, 26.0)?;
        }
        Ok(())
    }

    /// First saturations.
    fn waves(&self, live: &Live) -> Result<(), JsValue> {
        for (number, t) in live.waves.values().filter(|(_, t)| *t <= self.plot.end) {
            let x = self.x(*t).round() + 0.5;
            self.ctx.set_stroke_style_str(&self.theme.error);
            self.ctx.set_line_width(1.0);
            self.stroke(&[(x, TOP), (x, self.size.1 - FOOT)]);
            self.ctx.set_fill_style_str(&self.theme.text);
            self.ctx.fill_text(&number.to_string(), x + 4.0, TOP + 9.0)?;
        }
        Ok(())
    }
}
