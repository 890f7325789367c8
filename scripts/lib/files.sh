# shellcheck shell=bash
# project_files: the project's files below the current folder, each ended by a NUL: what git tracks or would track; without
# git, all but builds and results.
project_files() {
        local file
        if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
                git ls-files -z --cached --others --exclude-standard --deduplicate
        else
                find . \( -path './build*' -o -name mpbench-results -o -name .git \) -prune -o -type f -printf '%P\0'
        fi | while IFS= read -r -d '' file; do
                if [ -f "$file" ]; then printf '%s\0' "$file"; fi # not what is deleted but not committed
        done
}

# project_copy FOLDER: all of them, to there.
project_copy() { project_files | tar -c --null -T - | tar -x -C "$1"; }
