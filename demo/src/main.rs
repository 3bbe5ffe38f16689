//! enfilade-demo
fn main() {}
