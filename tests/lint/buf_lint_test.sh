#!/usr/bin/env bash
# Lints the contract with buf, which is fetched on the first run.
#   buf_lint_test.sh SOURCE_DIR NPM_DIR
set -euo pipefail

source_dir=$1
npm_dir=$2
version=1.75.0
buf=$npm_dir/node_modules/@bufbuild/buf

if ! grep -qs "\"version\": \"$version\"" "$buf/package.json"; then
  mkdir -p "$npm_dir"
  npm install --ignore-scripts --no-audit --no-fund --prefix "$npm_dir" "@bufbuild/buf@$version"
fi

cd "$source_dir"
node "$buf/bin/buf" lint proto
