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
        let (commands, after) = block.split_once("```").unwrap();
        for line in commands.lines().filter(|line| line.starts_with("carnac ")) {
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
            if line.contains(" assess ") {
                holds_what_is_shown(&text(&output.stdout), after);
            }
            run += 1;
        }
    }
    assert!(run >= 5, "the README has lost its commands: {run} found");
}

/// Every line of the sheet that the README shows after the command, but for the three of its heading,
/// which name the day, is printed.
fn holds_what_is_shown(told: &str, after: &str) {
    let shown = after.split_once("```text\n").unwrap().1.split("```").next().unwrap();
    let lines: Vec<_> = shown.lines().skip(3).collect();
    assert!(lines.iter().any(|line| line.starts_with("A08 ")), "{shown}");
    for line in lines {
        assert!(told.lines().any(|of| of == line), "{line} is not in\n{told}");
    }
}
