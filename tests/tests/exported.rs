//! A test that the playground wrote, as it wrote it: a run on the screen is the same run in a test. The playground's own tests
//! compare the file with what it would write.

#[path = "exported_run/single_server.rs"]
mod single_server;
