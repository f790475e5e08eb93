//! The window that passes on what is on the screen: as a link, and as files.

use super::PageProps;
use super::dialog::Window;
use crate::keep::{LINK_CHARS_MANY, LINK_CHARS_SAFE};
use crate::page::sharing::Window as Open;
use crate::page::{PageRef, Topic, use_topic};
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The window that is open, if one is.
#[component]
pub fn Windows(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    let onclose = {
        let page = page.clone();
        Callback::from(move |()| page.show_window(None))
    };
    match page.sharing.window.get() {
        None => html! {},
        Some(Open::Gallery) => html! { <super::gallery::Gallery {page} {onclose} /> },
        Some(Open::Share) => html! {
            <Window title="Share and export" {onclose}><Link page={page.clone()} /><Files {page} /></Window>
        },
    }
}

/// 12345 as 12,345.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[component]
fn Link(props: &PageProps) -> Html {
    let page = props.page.clone();
    let from_start = use_state(|| false);
    // What is on the screen goes on; the link is of the moment in which the window was opened.
    let link = use_memo(*from_start, |from_start| page.share_link(*from_start));
    let field = use_node_ref();
    let copied = use_state(|| None::<bool>);
    let moment = page.live.borrow().last.now_ns as f64 / 1e9;
    let copy = {
        let (link, field, copied) = (link.clone(), field.clone(), copied.clone());
        Callback::from(move |_: MouseEvent| {
            // Where the page may not copy, the text is selected for the keyboard to do it.
            if let Some(input) = field.cast::<HtmlInputElement>() {
                input.select();
            }
            let (link, copied) = (link.clone(), copied.clone());
            wasm_bindgen_futures::spawn_local(async move { copied.set(Some(crate::page::sharing::copy(&link).await)) });
        })
    };
    let choose = {
        let (from_start, copied) = (from_start.clone(), copied.clone());
        Callback::from(move |event: Event| {
            from_start.set(event.target_unchecked_into::<HtmlInputElement>().checked());
            copied.set(None);
        })
    };
    let length = link.chars().count();
    let advice = match length {
        n if n <= LINK_CHARS_SAFE => "Short enough for chats, mails and browsers.",
        n if n <= LINK_CHARS_MANY => {
            "Some chat and mail programs cut links of more than 2,000 characters. If it arrives broken, send the run as one file."
        }
        _ => "Many programs cut links as long as this one: send the run as one file, below.",
    };
    html! {
        <section class="share-link">
            <h3>{ "Link" }</h3>
            <p class="quiet">{ "Scenario, seed and everything done by hand, in the address itself: nothing is sent to a server, and whoever opens it sees the same run." }</p>
            <div class="row">
                <input ref={field} readonly=true aria-label="Link to this run" value={(*link).clone()} data-testid="share-link" />
                <button type="button" class="action primary" onclick={copy}>{ "Copy link" }</button>
            </div>
            <label class="choice">
                <input type="checkbox" checked={*from_start} onchange={choose} />
                { format!("Open at the start of the run instead of at {moment:.2} s") }
            </label>
            <p class={classes!("advice", (length > LINK_CHARS_SAFE).then_some("long"))} data-testid="share-advice">
                <b>{ format!("{} characters. ", grouped(length)) }</b>{ advice }
            </p>
            <p role="status" class="told">{ match *copied {
                None => "",
                Some(true) => "Copied.",
                Some(false) => "The browser does not let this page copy: the link is selected, press Ctrl+C.",
            } }</p>
        </section>
    }
}

#[component]
fn Files(props: &PageProps) -> Html {
    let save = |f: fn(&PageRef)| {
        let page = props.page.clone();
        Callback::from(move |_: MouseEvent| f(&page))
    };
    let entry = |name: &'static str, what: &'static str, onclick: Callback<MouseEvent>| {
        html! { <li><button type="button" class="action" {onclick}>{ name }</button><span class="quiet">{ what }</span></li> }
    };
    html! {
        <section>
            <h3>{ "Files" }</h3>
            <ul class="exports">
                { entry("Run (one file)", "opens here: everything that the link holds, recorded traffic included", save(|p| p.save_run())) }
                { entry("Scenario (TOML)", "opens here and on the command line", save(|p| p.save_scenario())) }
                { entry("Control log (JSONL)", "floodgate run FILE --controls LOG", save(|p| p.save_log())) }
                { entry("Rust test", "the same run up to its last whole second, with its digest", save(|p| p.save_test())) }
                { entry("Series (CSV)", "load, throughput, goodput and latency of each window", save(|p| p.save_series())) }
            </ul>
            <h3>{ "Pictures of the stage" }</h3>
            <ul class="exports">
                { entry("SVG", "lines and text, for print", save(|p| p.save_svg())) }
                { entry("PNG", "twice the pixels of the screen", save(|p| p.save_png())) }
                { entry("Video (WebM)", "from now until you stop it, a minute at most", save(|p| { p.show_window(None); p.begin_film(); })) }
            </ul>
        </section>
    }
}

/// Buttons of the header that open windows.
#[component]
pub fn Tools(props: &PageProps) -> Html {
    let open = |window: Open| {
        let page = props.page.clone();
        Callback::from(move |_: MouseEvent| page.show_window(Some(window)))
    };
    html! {
        <button type="button" class="action small share" onclick={open(Open::Share)}
                title="A link to what is on the screen, and files">{ "Share" }</button>
    }
}
