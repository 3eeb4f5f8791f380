.PHONY: check test bench load doc clients run

# Everything a change must pass, but for the real clients.
check:
	cargo fmt --all --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo test --locked
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --workspace

test:
	cargo test --locked

bench:
	cargo bench --locked

# A gigabyte of acts beside DuckDB's unchecked load of it; `make clients` installs DuckDB.
load:
	cargo build --release --locked --config 'profile.release.lto="off"'
	target/clients-venv/bin/python -B benches/load.py target/release/carnac

doc:
	cargo doc --locked --no-deps --workspace --open

# Clients of other makers (Python packages in a virtual environment of their own) on the built
# server.
clients:
	cargo test --locked --no-run
	tests/clients/run.sh target/debug/carnac

# The demonstration, served until Ctrl-C.
run:
	cargo run --release --locked -- demo
