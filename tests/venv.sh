# Sourced by the scripts that run Python: makes a virtual environment of what a requirements file
# names, unless it is made: environment FOLDER FILE
environment() {
    local folder=$1 file=$2 stamp=$1/requirements.sha256 wanted
    wanted=$(sha256sum <"$file")
    if [[ ! -f $stamp || $(<"$stamp") != "$wanted" ]]; then
        python3 -m venv "$folder"
        "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$file"
        printf '%s\n' "$wanted" >"$stamp"
    fi
}
