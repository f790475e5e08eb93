//! The keyboard map, written from the table that the handler goes by.

use super::PageProps;
use crate::editor::keys::{GESTURES, MAP};
use crate::page::{Topic, use_topic};
use web_sys::{HtmlElement, HtmlInputElement, KeyboardEvent};
use yew::prelude::*;

/// See the module.
#[component]
pub fn Keymap(props: &PageProps) -> Html {
    let page = props.page.clone();
    use_topic(&page, Topic::Edit);
    let shown = page.editing.help.get();
    let dialog = use_node_ref();
    {
        let dialog = dialog.clone();
        use_effect_with(shown, move |_| {
            if let Some(dialog) = dialog.cast::<HtmlElement>() {
                // A dialog with a tabindex can take the focus.
                let _ = dialog.focus();
            }
        });
    }
    if !shown {
        return html! {};
    }
    let close = {
        let page = page.clone();
        Callback::from(move |()| {
            page.editing.help.set(false);
            page.tell(Topic::Edit);
        })
    };
    let onkeydown = {
        let close = close.clone();
        Callback::from(move |event: KeyboardEvent| {
            // The page's own keys rest while the map is read.
            event.stop_propagation();
            if event.key() == "Escape" {
                close.emit(());
            }
        })
    };
    let switch = {
        let page = page.clone();
        Callback::from(move |event: Event| {
            page.editing.letters_off.set(!event.target_unchecked_into::<HtmlInputElement>().checked());
        })
    };
    let mut sections: Vec<&str> = Vec::new();
    for binding in MAP {
        if sections.last() != Some(&binding.section) && !sections.contains(&binding.section) {
            sections.push(binding.section);
        }
    }
    html! {
        <div class="keymap-back" onclick={close.reform(|_: MouseEvent| ())}>
            <div ref={dialog} class="keymap" role="dialog" aria-modal="true" aria-labelledby="keymap-title" tabindex="-1" {onkeydown}
                 onclick={|event: MouseEvent| event.stop_propagation()}>
                <div class="keymap-head">
                    <h2 id="keymap-title">{ "Keyboard and pointer" }</h2>
                    <label><input type="checkbox" checked={!page.editing.letters_off.get()} onchange={switch} />{ " single keys, such as F" }</label>
                    <button type="button" aria-label="Close map" onclick={close.reform(|_: MouseEvent| ())}>{ "×" }</button>
                </div>
                <div class="keymap-body" tabindex="0">
                    { for sections.into_iter().map(|section| html! {
                        <section key={section}>
                            <h3>{ section }</h3>
                            <table><tbody>
                                { for MAP.iter().filter(|b| b.section == section).map(|binding| html! {
                                    <tr>
                                        <td>{ for binding.chords.iter().map(|chord| html! { <kbd>{ chord.text() }</kbd> }) }</td>
                                        <td>{ binding.title }</td>
                                    </tr>
                                }) }
                            </tbody></table>
                        </section>
                    }) }
                    <section>
                        <h3>{ "Pointer and fingers" }</h3>
                        <table><tbody>
                            { for GESTURES.iter().map(|(how, what)| html! { <tr><td>{ *how }</td><td>{ *what }</td></tr> }) }
                        </tbody></table>
                    </section>
                </div>
            </div>
        </div>
    }
}
