//! `window.__floodgate`: what a browser test may ask the page.
