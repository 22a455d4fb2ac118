#!/bin/sh

# Copyright (C) Lapor contributors. BSD 2-clause, see LICENSE.
#
# usage: build.sh BUILDDIR [SAN]
#
# Builds the dynamic module against the distribution's nginx (package
# nginx-dev, whose source tree may be read-only) and leaves
# BUILDDIR/ngx_http_lapor_module.so.  SAN=1 adds the sanitizers (gcc only), CC
# chooses the compiler; nginx's make file makes every warning an error.  In the
# environment, LAPOR_ADDON is the folder of another module of this checkout and
# LAPOR_ADDON_NAME its name.
#
# nginx's configure splits paths at spaces, so the work is done in a temporary
# directory that reaches this checkout through a symbolic link; every run has
# its own, so that two may run side by side.

set -eu

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: build.sh BUILDDIR [SAN]" >&2
    exit 2
fi

builddir=$1
san=${2:-}
cc=${CC:-gcc}
src=${NGINX_SRC:-/usr/share/nginx/src}
addon=${LAPOR_ADDON:+/$LAPOR_ADDON}
module=${LAPOR_ADDON_NAME:-ngx_http_lapor_module}
root=$(cd "$(dirname "$0")/.." && pwd -P)

if [ ! -r "$src/conf_flags" ]; then
    echo "build.sh: $src/conf_flags is not there: install nginx-dev" >&2
    exit 1
fi

tmp=${TMPDIR:-/tmp}
case $tmp in
    *[!A-Za-z0-9/._-]*) tmp=/tmp ;;
esac
work=$(mktemp -d "$tmp/lapor-module-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

ln -s "$root" "$work/lapor"

# nginx's headers are not ours to warn about
cc_opt="-g -O2 -fPIC -fstack-protector-strong"
cc_opt="$cc_opt -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes"
cc_opt="$cc_opt -Wformat=2 -Wvla -Wundef -Wno-unused-parameter"
for dir in core event event/modules os/unix http http/modules http/v2; do
    cc_opt="$cc_opt -isystem $src/src/$dir"
done
cc_opt="$cc_opt -isystem $work/objs"

# or the name of this directory would make two builds differ
cc_opt="$cc_opt -ffile-prefix-map=$work/lapor/= -ffile-prefix-map=$work/="
ld_opt="-Wl,-z,relro -Wl,-z,now -fPIC"

case $san in
    ''|0)
        cc_opt="$cc_opt -D_FORTIFY_SOURCE=2"
        ;;
    *)
        cc_opt="$cc_opt -fsanitize=address,undefined -fno-omit-frame-pointer"
        ld_opt="$ld_opt -fsanitize=address,undefined"
        ;;
esac

# conf_flags is an array of bash
CC_OPT=$cc_opt LD_OPT=$ld_opt COMPILER=$cc WORK=$work SRC=$src ADDON=$addon \
bash -euc '
    cd "$SRC"
    . ./conf_flags
    ./configure "${NGX_CONF_FLAGS[@]}" --with-cc="$COMPILER" \
        --with-cc-opt="$CC_OPT" --with-ld-opt="$LD_OPT" \
        --add-dynamic-module="$WORK/lapor$ADDON" --builddir="$WORK/objs"
' > "$work/configure.log" 2>&1 || {
    tail -n 30 "$work/configure.log" >&2
    exit 1
}

# the flags of a surrounding make must not reach nginx's make file
env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u CFLAGS -u LDFLAGS \
    make -s -C "$src" -f "$work/objs/Makefile" modules

mkdir -p "$builddir"
cp "$work/objs/$module.so" "$builddir/.$module.$$.so"
mv "$builddir/.$module.$$.so" "$builddir/$module.so"
