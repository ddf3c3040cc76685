#!/bin/sh
# Delivers by appending to a file named after the recipient, in the folder OUTBOX. Any language will do: a line of JSON
# in, a line of JSON out. Here sed picks the fields out of the lines; a program of your own has a JSON parser.
#
#     mqscript run --core exec --core-option command=plugins/exec/examples/send_message.sh

field() {
    printf '%s\n' "$1" | sed -n "s/.*\"$2\":\"\\([^\"]*\\)\".*/\\1/p"
}

while IFS= read -r line; do
    case $line in
    '{"init":'*)
        echo '{"ready": true}'
        continue
        ;;
    esac
    id=$(field "$line" id)
    recipient=$(field "$line" recipient)
    if [ "$recipient" = nobody ]; then
        echo "{\"id\": \"$id\", \"delivered\": false, \"reason\": \"nobody has no inbox\"}"
        continue
    fi
    if [ -n "$OUTBOX" ]; then
        printf '%s: %s\n' "$(field "$line" sender)" "$(field "$line" content)" >>"$OUTBOX/$recipient"
    fi
    echo "{\"id\": \"$id\", \"delivered\": true}"
done
