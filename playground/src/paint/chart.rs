//! The charts: load, throughput and goodput with the wasted work between them; and latencies.

use super::theme::{Theme, rgb};
use crate::live::Live;
use crate::series::{decimated, millis, nice_above, short, time_end};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters_canvas::CanvasBackend;
use web_sys::HtmlCanvasElement;

/// How charts are drawn.
pub struct Look<'a> {
    /// Colours.
    pub theme: &'a Theme,
    /// Pixels per CSS pixel.
    pub ratio: f64,
    /// The load chart shows everything, however small that makes what is served.
    pub all: bool,
}

/// Draws a chart.
pub type Draw = fn(&HtmlCanvasElement, &Live, &Look<'_>) -> Result<(), String>;

type Area = DrawingArea<CanvasBackend, Shift>;

fn area(canvas: &HtmlCanvasElement, look: &Look<'_>) -> Result<Area, String> {
    let backend = CanvasBackend::with_canvas_object(canvas.clone()).ok_or("no canvas")?;
    let area = backend.into_drawing_area();
    area.fill(&rgb(&look.theme.surface)).map_err(|e| e.to_string())?;
    Ok(area)
}

fn px(look: &Look<'_>, css: f64) -> u32 {
    (css * look.ratio).round() as u32
}

fn font<'a>(look: &Look<'_>, color: &str) -> TextStyle<'a> {
    ("system-ui, sans-serif", px(look, 11.0)).into_font().color(&rgb(color))
}

fn line(color: &str, look: &Look<'_>, css: f64) -> ShapeStyle {
    rgb(color).stroke_width(px(look, css).max(1))
}

/// Offered load, throughput and goodput per second.
pub fn load(canvas: &HtmlCanvasElement, live: &Live, look: &Look<'_>) -> Result<(), String> {
    let area = area(canvas, look)?;
    let points = &live.points;
    let end = time_end(live.last.now_ns as f64 / 1e9);
    let peak = |f: fn(&crate::wire::Point) -> f32| points.iter().map(|p| f64::from(f(p))).fold(0.0, f64::max);
    let (offered, served) = (peak(|p| p.offered), peak(|p| p.throughput.max(p.goodput)));
    let top = if look.all { nice_above(offered.max(served) * 1.05) } else { nice_above((served * 1.6).max(10.0)) };
    let mut chart = ChartBuilder::on(&area)
        .margin_top(px(look, 8.0))
        .margin_right(px(look, 12.0))
        .x_label_area_size(px(look, 20.0))
        .y_label_area_size(px(look, 40.0))
        .build_cartesian_2d(0.0..end, 0.0..top)
        .map_err(|e| e.to_string())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(line(&look.theme.grid, look, 1.0))
        .axis_style(line(&look.theme.grid, look, 1.0))
        .label_style(font(look, &look.theme.muted))
        .x_labels(7)
        .y_labels(5)
        .x_label_formatter(&|x| format!("{x:.0} s"))
        .y_label_formatter(&|y| short(*y))
        .draw()
        .map_err(|e| e.to_string())?;
    let bands = bands(live, end);
    let throughput = decimated(points, |p| p.throughput.max(p.goodput));
    let goodput = decimated(points, |p| p.goodput);
    // What was answered and served nobody: between throughput and goodput.
    let mut wasted = throughput.clone();
    wasted.extend(goodput.iter().rev());
    let clip = |points: Vec<(f64, f64)>| points.into_iter().map(|(t, v)| (t, v.min(top * 1.02))).collect::<Vec<_>>();
    let draw = || -> Result<(), Box<dyn std::error::Error>> {
        let band = rgb(&look.theme.muted).mix(0.16).filled();
        chart.draw_series(bands.iter().map(|(from, to)| Rectangle::new([(*from, 0.0), (*to, top)], band)))?;
        if wasted.len() > 2 {
            chart.draw_series(std::iter::once(Polygon::new(wasted, rgb(&look.theme.error).mix(0.28).filled())))?;
        }
        let offered_line = clip(decimated(points, |p| p.offered));
        chart.draw_series(LineSeries::new(offered_line, line(&look.theme.first, look, 1.6)))?;
        chart.draw_series(LineSeries::new(throughput, line(&look.theme.muted, look, 1.4)))?;
        chart.draw_series(LineSeries::new(goodput, line(&look.theme.ok, look, 2.6)))?;
        let small = font(look, &look.theme.text);
        for (number, t) in live.waves.values() {
            let dash = line(&look.theme.error, look, 1.0);
            chart.draw_series(std::iter::once(PathElement::new(vec![(*t, 0.0), (*t, top)], dash)))?;
            chart.draw_series(std::iter::once(Text::new(format!(" {number}"), (*t, top), small.clone())))?;
        }
        area.present()?;
        Ok(())
    };
    draw().map_err(|e| e.to_string())
}

/// Latency percentiles of what was answered, on a logarithmic scale.
pub fn latency(canvas: &HtmlCanvasElement, live: &Live, look: &Look<'_>) -> Result<(), String> {
    let area = area(canvas, look)?;
    let points = &live.points;
    let end = time_end(live.last.now_ns as f64 / 1e9);
    let (p50, p99) = (decimated(points, |p| p.p50), decimated(points, |p| p.p99));
    let most = p99.iter().map(|p| p.1).fold(100.0, f64::max);
    let least = p50.iter().map(|p| p.1).fold(1.0, f64::min).max(0.01);
    let mut bottom = 1.0;
    while bottom > least {
        bottom /= 10.0;
    }
    let mut top = 1000.0;
    while top < most {
        top *= 10.0;
    }
    let mut chart = ChartBuilder::on(&area)
        .margin_top(px(look, 8.0))
        .margin_right(px(look, 12.0))
        .x_label_area_size(px(look, 20.0))
        .y_label_area_size(px(look, 56.0))
        .build_cartesian_2d(0.0..end, (bottom..top).log_scale())
        .map_err(|e| e.to_string())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(line(&look.theme.grid, look, 1.0))
        .axis_style(line(&look.theme.grid, look, 1.0))
        .label_style(font(look, &look.theme.muted))
        .x_labels(5)
        .y_labels(5)
        .x_label_formatter(&|x| format!("{x:.0} s"))
        .y_label_formatter(&|y| millis(*y))
        .draw()
        .map_err(|e| e.to_string())?;
    let bands = bands(live, end);
    let draw = || -> Result<(), Box<dyn std::error::Error>> {
        let band = rgb(&look.theme.muted).mix(0.16).filled();
        chart.draw_series(bands.iter().map(|(from, to)| Rectangle::new([(*from, bottom), (*to, top)], band)))?;
        chart.draw_series(LineSeries::new(p99, line(&look.theme.error, look, 1.4)))?;
        chart.draw_series(LineSeries::new(p50, line(&look.theme.first, look, 2.4)))?;
        area.present()?;
        Ok(())
    };
    draw().map_err(|e| e.to_string())
}

/// Changes of load, within the axis.
fn bands(live: &Live, end: f64) -> Vec<(f64, f64)> {
    let inside = |p: &crate::wire::Phase| (p.from < end).then(|| (p.from, p.to.min(end)));
    live.loaded.phases.iter().filter_map(inside).collect()
}
