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
    let (mut run, mut shown) = (0, 0);
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
            if commands.lines().count() == 1 && holds_what_is_shown(&text(&output.stdout), after) {
                shown += 1;
            }
            run += 1;
        }
    }
    assert!(run >= 5, "the README has lost its commands: {run} found");
    assert_eq!(shown, 4, "the README shows what assess, explain, scenario and diff print");
}

/// Whether something is shown after a command; every line of it is printed then.
fn holds_what_is_shown(told: &str, after: &str) -> bool {
    let Some(shown) = after.trim_start().strip_prefix("```text\n") else { return false };
    for line in shown.split("```").next().unwrap().lines() {
        assert!(told.lines().any(|of| stands_for(line, of)), "{line} is not in\n{told}");
    }
    true
}

/// Whether a line is what is shown of it: `…` stands for what another day prints otherwise.
fn stands_for(shown: &str, told: &str) -> bool {
    let mut pieces = shown.split('…');
    let Some(mut rest) = told.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    for piece in pieces {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        rest = after;
    }
    rest.is_empty() || shown.ends_with('…')
}
