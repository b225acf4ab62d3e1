#!/usr/bin/env bash
# Checks the JSON export of a log with sha256sum and openssl alone:  bash FILE.verify.sh FILE.json
# It recomputes every leaf, the hash chain, the RFC 6962 root under every checkpoint, and every Ed25519 signature.
# Exit codes: 0 good. 3 nothing contradicts, but not all is vouched for: records after the last checkpoint, no checkpoint at all, a log
# without its end, or one whose end says that records were lost. 5 not intact.
# About 10 ms a record: `primum audit verify` and verify_log.py say the same in microseconds, and where a fault is.
set -euo pipefail
export LC_ALL=C
file=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "NOT INTACT: $*"; exit 5; }
unvouched() { echo "NOT ALL VOUCHED FOR: $*"; exit 3; }
binary() { printf "$(sed 's/../\\x&/g' <<< "$1")"; }           # hex -> bytes
hash() { sha256sum | cut -d ' ' -f 1; }

# The records are the lines between `"records": [` and ` ]`, each but the last with a comma at its end.
sed -n '/^ "records": \[$/,/^ \]$/p' "$file" | sed '1d;$d' | sed '$!s/,$//' > "$work/records"
# A checkpoint is one JSON string: \n stands for the ends of its lines.
sed -n '/^ "checkpoints": \[$/,/^ \]/p' "$file" | sed '1d;$d; s/^  "//; s/",\{0,1\}$//' > "$work/notes"

declare -A root_of note_of key_of
index=0
while IFS= read -r escaped; do
    note=$(printf '%b' "$escaped")
    size=$(sed -n 2p <<< "$note")
    root_of[$size]=$(sed -n 3p <<< "$note" | base64 -d | od -An -v -tx1 | tr -d ' \n')
    note_of[$size]=$index
    printf '%s\n' "$note" | head -n 3 > "$work/text.$index"
    sed -n 5p <<< "$note" | cut -d ' ' -f 3 | base64 -d | tail -c 64 > "$work/signature.$index"
    index=$((index + 1))
done < "$work/notes"

check_checkpoint() {                                             # $1: number of records
    local note=${note_of[$1]} root=${peaks[-1]} i
    for ((i = ${#peaks[@]} - 2; i >= 0; i--)); do root=$({ printf '\x01'; binary "${peaks[i]}$root"; } | hash); done
    [[ $root == "${root_of[$1]}" ]] || fail "the root of the first $1 records is not that of checkpoint $note"
    [[ -n ${key_of[$note]:-} ]] || fail "no KEY record names the key of checkpoint $note"
    # An Ed25519 public key in DER is these twelve bytes and its own 32.
    { binary 302a300506032b6570032100; base64 -d <<< "${key_of[$note]}" | tail -c 32; } > "$work/key.der"
    openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key.der" -rawin -in "$work/text.$note" -sigfile "$work/signature.$note" \
        > /dev/null 2>&1 || fail "the signature of checkpoint $note is not of the key that the log names"
    checked=$((checked + 1))
    vouched=$1
}

peaks=() sequence=0 checked=0 vouched=0 kind=
previous=$(printf '0%.0s' {1..64})
tail_pattern='.*"kind":"\([A-Z_]*\)","mono_ns":"[0-9]*","prev":"\([0-9a-f]\{64\}\)","schema":2,"seq":\([0-9]*\),"utc_ns":"[0-9]*"}$'
lost_pattern='.*,"data":{"gave_up":"","handed_over":\([0-9]*\),"reason":"[^"]*","taken":\([0-9]*\)},"kind":"CONTROL_LOST",.*'
while IFS= read -r next; do
    line=$next
    [[ $kind != RUN_END && $kind != CONTROL_LOST ]] || fail "record $sequence stands after $kind, the last record"
    read -r kind follows <<< "$(sed -n "s/$tail_pattern/\1 \2 \3/p" <<< "$line")"
    [[ $follows == "$previous $sequence" ]] || fail "record $sequence does not follow from the one before it"
    previous=$({ printf '\x00'; printf '%s' "$line"; } | hash)
    if [[ $kind == KEY ]]; then
        epoch=$(sed -n 's/.*"epoch":\([0-9]*\),"vkey":"[^"+]*+[0-9a-f]*+\([^"]*\)"}.*/\1 \2/p' <<< "$line")
        [[ -n $epoch && -z ${key_of[${epoch%% *}]:-} ]] || fail "record $sequence names no key, or one of an epoch that has its key"
        key_of[${epoch%% *}]=${epoch##* }
    fi
    sequence=$((sequence + 1))
    leaf=$previous
    for ((n = sequence; n % 2 == 0; n /= 2)); do
        leaf=$({ printf '\x01'; binary "${peaks[-1]}$leaf"; } | hash)
        unset 'peaks[-1]'
    done
    peaks+=("$leaf")
    [[ -z ${root_of[$sequence]:-} ]] || check_checkpoint "$sequence"
done < "$work/records"

[[ $checked == "$index" ]] || fail "$index checkpoints are here, $checked of them belong to these $sequence records: the end was cut off"
said="$sequence records, $vouched of them under $checked signed checkpoints"
[[ $checked -gt 0 && $vouched == "$sequence" ]] || unvouched "$said: who can write the file can make up the rest"
[[ $kind == RUN_END || $kind == CONTROL_LOST ]] || unvouched "$said, but the log has no end: the run goes on, or somebody cut it off"
if [[ $kind == CONTROL_LOST ]]; then
    read -r handed_over taken <<< "$(sed -n "s/$lost_pattern/\1 \2/p" <<< "$line")"
    [[ -n $handed_over && $handed_over -le $taken ]] || unvouched "$said, and its end says that the log was given up, or that records were lost"
fi
echo "good: $said"
