//! The header: what runs, how fast, and what can be done to the whole.

use super::{PageProps, icons, use_running};
use crate::page::{PageRef, Topic, use_topic};
use crate::wire::Command;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

const SPEEDS: [(f64, &str); 11] = [
    (0.05, "0.05×"),
    (0.1, "0.1×"),
    (0.25, "0.25×"),
    (0.5, "0.5×"),
    (1.0, "1×"),
    (2.0, "2×"),
    (5.0, "5×"),
    (10.0, "10×"),
    (30.0, "30×"),
    (100.0, "100×"),
    (f64::INFINITY, "max"),
];

/// See the module.
#[component]
pub fn Toolbar(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    let name = page.outline.borrow().name.clone();
    html! {
        <header class="toolbar">
            <div class="brand">{ icons::mark() }<span class="wordmark">{ "Floodgate" }</span></div>
            <div class="scenario-name" title={name.clone()}>{ name }</div>
            <Transport page={page.clone()} />
            <Clock page={page.clone()} />
            <Files {page} />
        </header>
    }
}

#[derive(PartialEq, Properties)]
struct ToolProps {
    name: AttrValue,
    icon: Html,
    onclick: Callback<MouseEvent>,
    #[prop_or_default]
    title: Option<AttrValue>,
    #[prop_or_default]
    disabled: bool,
    #[prop_or_default]
    class: Classes,
}

/// A button with an icon; its name is there for those who cannot see it.
#[component]
fn Tool(props: &ToolProps) -> Html {
    let title = props.title.clone().unwrap_or_else(|| props.name.clone());
    html! {
        <button type="button" class={classes!("tool", props.class.clone())} aria-label={props.name.clone()} {title}
                disabled={props.disabled} onclick={props.onclick.clone()}>
            { props.icon.clone() }
        </button>
    }
}

#[component]
fn Transport(props: &PageProps) -> Html {
    let page = props.page.clone();
    let running = use_running(&page);
    let halted = page.live.borrow().last.halted.is_some();
    let send = |command: Command| {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| page.send(command.clone()))
    };
    let toggle = {
        let page = page.clone();
        Callback::from(move |_| page.set_running(!running))
    };
    let reset = {
        let page = page.clone();
        Callback::from(move |_| page.reset())
    };
    html! {
        <div class="group transport" role="group" aria-label="Run">
            if running {
                <Tool name="Pause" title="Pause (space)" icon={icons::pause()} onclick={toggle} class="main" />
            } else {
                <Tool name="Run" title="Run (space)" icon={icons::play()} onclick={toggle} class="main" disabled={halted} />
            }
            <Tool name="Step" title="One event (.)" icon={icons::step()} onclick={send(Command::Step)} disabled={halted} />
            <Tool name="Run to end" title="As fast as possible to the end of the scenario" icon={icons::end()}
                  onclick={send(Command::RunToEnd)} disabled={halted} />
            <Tool name="Reset" title="Start again from zero" icon={icons::reset()} onclick={reset} />
            <Speed {page} />
        </div>
    }
}

#[component]
fn Speed(props: &PageProps) -> Html {
    let page = props.page.clone();
    let now = page.speed.get();
    let onchange = {
        let page = page.clone();
        Callback::from(move |event: Event| {
            let chosen = event.target_unchecked_into::<HtmlSelectElement>().value();
            if let Some((speed, _)) = SPEEDS.iter().find(|(_, text)| *text == chosen) {
                page.speed.set(*speed);
                page.send(Command::Speed(*speed));
            }
        })
    };
    html! {
        <label class="select" title="Virtual seconds per second">
            <span class="quiet">{ "Speed" }</span>
            <select aria-label="Speed" {onchange}>
                { for SPEEDS.iter().map(|(speed, text)| html! {
                    <option value={*text} selected={*speed == now}>{ *text }</option>
                }) }
            </select>
        </label>
    }
}

#[component]
fn Clock(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Pulse);
    let (seconds, digest, pace, behind, seed) = {
        let live = page.live.borrow();
        let pace = live.last.pace;
        let behind = live.last.running && page.speed.get().is_finite() && pace > 0.0 && pace < page.speed.get() * 0.9;
        let digest = live.last.digest.clone();
        (live.last.now_ns as f64 / 1e9, digest, pace, behind, live.loaded.seed)
    };
    let said = digest
        .as_ref()
        .map_or("of the first second to come".to_owned(), |(ns, _)| format!("at {} s", *ns as f64 / 1e9));
    let title = format!(
        "Fingerprint of everything that happened, {said}: the same scenario, seed and controls give the same digest everywhere"
    );
    html! {
        <div class="group clock">
            <div class="reading">
                <span class="quiet">{ "Virtual time" }</span>
                <output class="time" data-testid="virtual-time">{ format!("{seconds:.2} s") }</output>
                <span class="pace" title="Slower than asked: the machine cannot do more">
                    { if behind { format!("at {pace:.2}×") } else { String::new() } }
                </span>
            </div>
            <div class="reading" {title}>
                <span class="quiet">{ "Digest" }</span>
                <output class="digest" data-testid="digest">{ digest.map_or("–".to_owned(), |d| d.1) }</output>
            </div>
            <Seed {page} {seed} />
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct SeedProps {
    page: PageRef,
    seed: u64,
}

#[component]
fn Seed(props: &SeedProps) -> Html {
    let page = props.page.clone();
    let onchange = Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        match input.value().trim().parse() {
            Ok(seed) => {
                page.seed.set(Some(seed));
                page.reset();
            }
            Err(_) => {
                input.set_value(&page.live.borrow().loaded.seed.to_string());
                page.say("A seed is a whole number.", true);
            }
        }
    });
    html! {
        <label class="reading" title="The seed of everything random; another one starts again from zero">
            <span class="quiet">{ "Seed" }</span>
            <input class="seed" aria-label="Seed" inputmode="numeric" value={props.seed.to_string()} {onchange} />
        </label>
    }
}

#[component]
fn Files(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    let input = use_node_ref();
    let act = |f: fn(&PageRef)| {
        let page = page.clone();
        Callback::from(move |_: MouseEvent| f(&page))
    };
    let choose = {
        let input = input.clone();
        Callback::from(move |_| {
            if let Some(input) = input.cast::<HtmlInputElement>() {
                input.click();
            }
        })
    };
    let onchange = {
        let page = page.clone();
        Callback::from(move |event: Event| {
            let input: HtmlInputElement = event.target_unchecked_into();
            page.open_files(crate::page::files::files_of(input.files()));
            input.set_value("");
        })
    };
    let (undo, redo) = {
        let editor = page.editor.borrow();
        let title = |label: Option<&str>, verb: &str, keys: &str| {
            AttrValue::from(label.map_or(format!("Nothing to {verb}"), |l| format!("{verb}: {l} ({keys})")))
        };
        let (undo, redo) = (editor.undo_label(), editor.redo_label());
        ((title(undo, "undo", "Ctrl+Z"), undo.is_none()), (title(redo, "redo", "Ctrl+Y"), redo.is_none()))
    };
    html! {
        <div class="group" role="group" aria-label="Scenario">
            <Tool name="Undo" title={undo.0} disabled={undo.1} icon={icons::undo()} onclick={act(|p| p.undo())} />
            <Tool name="Redo" title={redo.0} disabled={redo.1} icon={icons::redo()} onclick={act(|p| p.redo())} />
            <span class="divider" />
            <Tool name="Open scenario" title="Open a scenario, or a control log of this one (or drop it on the page)" icon={icons::open()} onclick={choose} />
            <Tool name="Save scenario" title="Save the scenario (Ctrl+S)" icon={icons::save()} onclick={act(|p| p.save_scenario())} />
            <Tool name="Save control log" title="Save what was done by hand: floodgate run FILE --controls LOG replays it"
                  icon={icons::log()} onclick={act(|p| p.save_log())} />
            <span class="divider" />
            <super::sharing::Tools page={page.clone()} />
            <Tool name="Light or dark" icon={icons::theme()} onclick={act(toggle_theme)} />
            <input type="file" ref={input} class="hidden" multiple=true accept=".toml,.jsonl,.floodgate,.csv,.log,text/*" aria-label="Scenario file or control log" {onchange} />
        </div>
    }
}

fn toggle_theme(page: &PageRef) {
    let Some(window) = web_sys::window() else { return };
    let Some(root) = window.document().and_then(|d| d.document_element()) else { return };
    let system_dark = window.match_media("(prefers-color-scheme: dark)").ok().flatten().is_some_and(|q| q.matches());
    let dark = root.get_attribute("data-theme").map_or(system_dark, |theme| theme == "dark");
    // An attribute of an element that exists can be set.
    let _ = root.set_attribute("data-theme", if dark { "light" } else { "dark" });
    page.theme_changed.set(true);
    page.chart_dirty.set(true);
}
