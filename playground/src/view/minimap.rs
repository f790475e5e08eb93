//! The whole scenario in small, once it has many nodes: what is in view, and a click or drag goes there.

use crate::editor::Outline;
use crate::geometry::{Places, Point, curve, size};
use crate::page::PageRef;
use crate::page::viewport::by_id;
use std::cell::Cell;
use std::rc::Rc;
use web_sys::{Element, PointerEvent};
use yew::prelude::*;

/// It is shown from so many nodes on.
pub const NODES_MIN: usize = 12;
/// Room around the cards, in units of the canvas.
const MARGIN: f64 = 80.0;

/// Properties of [`Minimap`].
#[derive(PartialEq, Properties)]
pub struct MinimapProps {
    /// The page.
    pub page: PageRef,
    /// What stands in the text.
    pub outline: Rc<Outline>,
    /// Where the nodes are.
    pub places: Rc<Places>,
}

/// See the module.
#[component]
pub fn Minimap(props: &MinimapProps) -> Html {
    let MinimapProps { page, outline, places } = props;
    let held: Rc<Cell<bool>> = use_memo((), |()| Cell::new(false));
    let map = use_node_ref();
    {
        let page = page.clone();
        use_effect(move || page.show_viewport());
    }
    let bounds = places.bounds(outline).filter(|_| outline.nodes.len() >= NODES_MIN);
    let Some((left, top, right, bottom)) = bounds else { return html! {} };
    let view = (left - MARGIN, top - MARGIN, right - left + 2.0 * MARGIN, bottom - top + 2.0 * MARGIN);
    let handler = |down: Option<bool>| {
        let (page, held, map) = (page.clone(), held.clone(), map.clone());
        Callback::from(move |event: PointerEvent| {
            if let Some(down) = down {
                held.set(down);
            }
            let Some(map) = map.cast::<Element>().filter(|_| held.get()) else { return };
            // Without capture the gesture still works within the map.
            let _ = map.set_pointer_capture(event.pointer_id());
            let rect = map.get_bounding_client_rect();
            // The picture keeps its proportions and stands in the middle.
            let k = (rect.width() / view.2).min(rect.height() / view.3);
            let x = (f64::from(event.client_x()) - rect.left() - rect.width() / 2.0) / k + view.0 + view.2 / 2.0;
            let y = (f64::from(event.client_y()) - rect.top() - rect.height() / 2.0) / k + view.1 + view.3 / 2.0;
            page.centre_on((x, y));
        })
    };
    let line = |(a, b): (Point, Point)| format!("M{:.0} {:.0}L{:.0} {:.0}", a.0, a.1, b.0, b.1);
    let lines: String =
        outline.links.iter().filter_map(|l| curve(outline, places, l)).map(|c| line((c.0, c.3))).collect();
    html! {
        <svg ref={map.clone()} class="minimap" role="img" aria-label={format!("Map of {} nodes", outline.nodes.len())} data-testid="minimap"
             viewBox={format!("{} {} {} {}", view.0, view.1, view.2, view.3)}
             onpointerdown={handler(Some(true))} onpointermove={handler(None)} onpointerup={handler(Some(false))}>
            <path class="map-lines" d={lines} />
            { for outline.nodes.iter().map(|node| {
                let ((x, y), (w, h)) = (places.of(node), size(node));
                html! { <rect key={node.id.clone()} class="map-node" x={x.to_string()} y={y.to_string()} width={w.to_string()} height={h.to_string()} rx="12" /> }
            }) }
            <rect id="map-view" class="map-view" />
        </svg>
    }
}

/// Shows on the map what is in view.
pub fn show(view: crate::page::Viewport) {
    let (Some(rect), Some(stage)) = (by_id("map-view"), by_id("stage")) else { return };
    let values = [
        ("x", -view.x / view.k),
        ("y", -view.y / view.k),
        ("width", f64::from(stage.client_width()) / view.k),
        ("height", f64::from(stage.client_height()) / view.k),
    ];
    for (name, value) in values {
        // An attribute of an element that exists can be set.
        let _ = rect.set_attribute(name, &format!("{value:.0}"));
    }
}
