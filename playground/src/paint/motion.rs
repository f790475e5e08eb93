//! Draws moving requests: one canvas over the stage, batched by style.

use super::theme::Theme;
use crate::dots::{Dots, FLIGHT_MS, Flight, Kind};
use crate::geometry::{Curve, LANE, Point};
use crate::page::Viewport;
use std::f64::consts::TAU;
use wasm_bindgen::JsValue;
use web_sys::CanvasRenderingContext2d;

/// Draws every flight at wall time `now_ms`.
pub fn draw(
    ctx: &CanvasRenderingContext2d,
    dots: &Dots,
    curves: &[Option<Curve>],
    view: Viewport,
    theme: &Theme,
    now_ms: f64,
) -> Result<(), JsValue> {
    // Dots shrink less than the cards do, or they could not be seen in a wide view.
    let size = view.k.clamp(0.55, 1.4);
    for kind in Kind::ALL {
        let places = dots.flights().iter().filter(|f| f.kind == kind).filter_map(|f| place(f, curves, view, now_ms));
        ctx.begin_path();
        match kind {
            Kind::First => {
                for (x, y) in places {
                    disc(ctx, (x, y), 3.2 * size)?;
                }
                ctx.set_fill_style_str(&theme.first);
                ctx.fill();
            }
            Kind::Ok => {
                for (x, y) in places {
                    disc(ctx, (x, y), 2.2 * size)?;
                }
                ctx.set_fill_style_str(&theme.ok);
                ctx.fill();
            }
            Kind::Retry => {
                for (x, y) in places {
                    // A ring with a notch: larger than a first attempt, and of another shape.
                    let r = 4.2 * size;
                    ctx.move_to(x + r * 0.92, y + r * 0.39);
                    ctx.arc(x, y, r, 0.4, TAU - 0.4)?;
                }
                stroke(ctx, &theme.retry, 2.0 * size);
            }
            Kind::Error => {
                let r = 3.4 * size;
                for (x, y) in places {
                    ctx.move_to(x - r, y - r);
                    ctx.line_to(x + r, y + r);
                    ctx.move_to(x + r, y - r);
                    ctx.line_to(x - r, y + r);
                }
                stroke(ctx, &theme.error, 2.0 * size);
            }
            Kind::GivenUp | Kind::Late => {
                for (x, y) in places {
                    disc(ctx, (x, y), 3.4 * size)?;
                }
                ctx.set_line_dash(&js_sys::Array::of2(&2.5.into(), &2.5.into()))?;
                stroke(ctx, &theme.zombie, 1.4 * size);
                ctx.set_line_dash(&js_sys::Array::new())?;
            }
        }
    }
    Ok(())
}

fn disc(ctx: &CanvasRenderingContext2d, (x, y): Point, r: f64) -> Result<(), JsValue> {
    ctx.move_to(x + r, y);
    ctx.arc(x, y, r, 0.0, TAU)
}

fn stroke(ctx: &CanvasRenderingContext2d, color: &str, width: f64) {
    ctx.set_stroke_style_str(color);
    ctx.set_line_width(width);
    ctx.stroke();
}

/// Where a flight is on the screen; `None` before it leaves, after it lands, or when its link is not drawn.
fn place(flight: &Flight, curves: &[Option<Curve>], view: Viewport, now_ms: f64) -> Option<Point> {
    let curve = curves.get(flight.link as usize)?.as_ref()?;
    let t = (now_ms - flight.starts_ms) / FLIGHT_MS;
    if !(0.0..1.0).contains(&t) {
        return None;
    }
    let (along, lane) = match flight.kind {
        // What is given up does not arrive anywhere new: it fades from the middle of the way.
        Kind::GivenUp => (0.45 + 0.3 * t, -LANE * 1.9),
        // Nobody takes a late answer: it stops short of the caller.
        Kind::Late => (1.0 - 0.75 * t, LANE),
        kind if kind.returns() => (1.0 - t, LANE),
        _ => (t, -LANE),
    };
    let (x, y) = curve.at(along, lane + f64::from(flight.side) * 2.5);
    Some((x * view.k + view.x, y * view.k + view.y))
}
