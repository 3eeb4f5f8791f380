//! Builds again when a SQL file is added or removed.

fn main() {
    println!("cargo::rerun-if-changed=../../sql");
}
