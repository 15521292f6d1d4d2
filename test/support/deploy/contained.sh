#!/bin/sh
# Runs a command as a container engine would: as process 1 of its own, in a root file system of its own that nothing can be
# written to, as another user without any rights. In namespaces of its own already (contained.ts), as root.
#
#   contained.sh ROOT NODE APP NODE_MODULES DIST USER MOUNTS... -- ENVIRONMENT... -- COMMAND...
#
# MOUNTS are HOST:PATH; they can be written to.
set -eu
root=$1 node=$2 app=$3 node_modules=$4 dist=$5 user=$6
shift 6

mount -t tmpfs -o mode=0755 tmpfs "$root"
mkdir -p "$root/app/dist" "$root/app/node_modules" "$root/node" "$root/proc" "$root/dev" "$root/tmp"

read_only() {
  mount --bind "$1" "$2"
  mount -o remount,bind,ro "$2"
}

# The system's libraries; links (as /lib is one) stay what they are.
for each in /usr /bin /lib /lib64 /etc; do
  if [ -h "$each" ]; then
    cp -P "$each" "$root$each"
  elif [ -d "$each" ]; then
    mkdir "$root$each"
    read_only "$each" "$root$each"
  fi
done
: >"$root/node/node"
read_only "$node" "$root/node/node"
cp "$app/package.json" "$root/app/"
for each in pipelines mappings deploy; do
  mkdir "$root/app/$each"
  read_only "$app/$each" "$root/app/$each"
done
read_only "$node_modules" "$root/app/node_modules"
read_only "$dist" "$root/app/dist"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
while [ "$1" != -- ]; do
  mkdir -p "$root${1##*:}"
  mount --bind "${1%:*}" "$root${1##*:}"
  shift
done
shift
mount -o remount,ro "$root"

cd "$root/app"
exec chroot "$root" /usr/bin/setpriv --reuid "$user" --regid "$user" --clear-groups \
  --no-new-privs --bounding-set=-all --inh-caps=-all \
  /usr/bin/env --ignore-environment --chdir=/app PATH=/node:/usr/bin:/bin "$@"
