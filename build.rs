//! Builds again when a sample is added or removed.

fn main() {
    println!("cargo::rerun-if-changed=data-samples");
}
