//! A window over the page: the browser's own dialog, with its focus, its Escape and its backdrop.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

/// What a window needs.
#[derive(PartialEq, Properties)]
pub struct WindowProps {
    /// What it is called.
    pub title: AttrValue,
    /// It has been closed.
    pub onclose: Callback<()>,
    /// It needs more room than text does.
    #[prop_or_default]
    pub wide: bool,
    /// What is in it.
    pub children: Children,
}

/// Open as long as it is rendered.
#[component]
pub fn Window(props: &WindowProps) -> Html {
    let dialog = use_node_ref();
    use_effect_with(dialog.clone(), |dialog| {
        if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
            // Fails only when it is open already.
            let _ = dialog.show_modal();
        }
    });
    let onclose = props.onclose.reform(|_: Event| ());
    let close = {
        let dialog = dialog.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                dialog.close();
            }
        })
    };
    html! {
        <dialog ref={dialog} class={classes!("window", props.wide.then_some("wide"))} aria-label={props.title.clone()} {onclose}>
            <div class="window-head">
                <h2>{ props.title.clone() }</h2>
                <button type="button" class="close" aria-label="Close window" onclick={close}>{ "×" }</button>
            </div>
            <div class="window-body">{ props.children.clone() }</div>
        </dialog>
    }
}
