#!/bin/sh
# One backup with today's date in its name, and the oldest ones removed.
#   backup.sh PROGRAM DATA_DIR FOLDER        ALLMENDE_BACKUPS_KEPT: how many stay (14)
set -eu
umask 077

if [ "$#" -ne 3 ]; then
    echo "usage: backup.sh PROGRAM DATA_DIR FOLDER" >&2
    exit 2
fi
program=$1 data=$2 folder=$3
kept=${ALLMENDE_BACKUPS_KEPT:-14}
case $kept in
    '' | *[!0-9]* | 0) echo "ALLMENDE_BACKUPS_KEPT must be a number from 1 up, not '$kept'." >&2; exit 2 ;;
esac

file=$folder/allmende-$(date -u +%Y-%m-%d-%H%M%S).tar
"$program" backup "$file" --data-dir "$data"

# Only after a backup that worked, only files with our own names, newest first.
find "$folder" -maxdepth 1 -type f -name 'allmende-????-??-??-??????.tar' | sort -r | tail -n "+$((kept + 1))" |
while IFS= read -r old; do
    rm -f -- "$old"
done
