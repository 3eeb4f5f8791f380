//! The README's own words, run as they stand.

use std::process::Command;

use crate::support::{CARNAC, Place, REPOSITORY, text};

/// Every line of the README's `sh` blocks that starts with `carnac`, in order, in one folder.
#[test]
fn the_commands_of_the_readme_work() {
    let readme = std::fs::read_to_string(format!("{REPOSITORY}/README.md")).unwrap();
    let place = Place::new();
    let bin = place.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(CARNAC, bin.join("carnac")).unwrap();
    std::os::unix::fs::symlink(
        format!("{REPOSITORY}/data-samples"),
        place.path().join("data-samples"),
    )
    .unwrap();
    let mut run = 0;
    for block in readme.split("```sh\n").skip(1) {
        for line in
            block.split("```").next().unwrap().lines().filter(|line| line.starts_with("carnac "))
        {
            // A server does not end by itself: it is tested on the wire.
            if line.contains(" serve") {
                continue;
            }
            let output = Command::new("sh")
                .args(["-c", line])
                .env_clear()
                .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
                .current_dir(place.path())
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "{line}: {}{}",
                text(&output.stdout),
                text(&output.stderr)
            );
            run += 1;
        }
    }
    assert!(run >= 5, "the README has lost its commands: {run} found");
}
