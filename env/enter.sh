#!/bin/sh
# Become a command inside an environment made by env/build.sh:
#
#     unshare --mount sh env/enter.sh ENV UID GID COMMAND ...
#
# The command sees the environment's /usr and /etc and this machine's everything else, at the same paths.
# Only mounts change and every step is an exec, so the command keeps the process id the launcher was
# started with: signals, exit code, terminal and job control are its own, nothing stands in between.
set -eu
env=$1 uid=$2 gid=$3
shift 3
here=$(pwd)

mount -n -t tmpfs -o mode=755 tertia "$env/mnt"
cd "$env/mnt"
mkdir host usr etc venv
mount -n --bind "$env/root/usr" usr
mount -n --bind "$env/root/etc" etc
mount -n --bind "$env/venv" venv
for link in bin sbin lib lib64; do
    [ ! -e "usr/$link" ] || ln -s "usr/$link" "$link"
done
pivot_root . host

# From here on the tools are the environment's own.
export PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
for dir in /host/*; do
    name=${dir#/host}
    if [ -L "$name" ] || [ -e "$name" ]; then
        continue
    elif [ -L "$dir" ]; then
        cp -P "$dir" "$name"
    elif [ -d "$dir" ]; then
        mkdir "$name"
        mount -n --rbind "$dir" "$name" || echo "tertia: $name cannot be seen inside the environment" >&2
    fi
done
for file in resolv.conf hosts passwd group; do
    [ ! -e "/host/etc/$file" ] || mount -n --bind "/host/etc/$file" "/etc/$file"
done
umount -n --lazy /host
rmdir /host
# Checkouts share the environment: once it is ready nothing may change it.
if [ -e "$env/ready" ]; then
    for dir in /usr /etc /venv; do mount -n -o remount,bind,ro "$dir"; done
fi

# What this machine set for its own Python, MPI, PETSc and compilers does not fit here.
unset PYTHONHOME PYTHONPATH LD_LIBRARY_PATH LD_PRELOAD PETSC_DIR PETSC_ARCH SLEPC_DIR \
    VIRTUAL_ENV CONDA_PREFIX PYENV_ROOT PYENV_VERSION CC CXX CFLAGS CXXFLAGS CPPFLAGS LDFLAGS
export LC_ALL=C.UTF-8 VIRTUAL_ENV=/venv TERTIA_ENV=system TERTIA_ENVIRONMENT="made by ./tertia: $env"
export XDG_CACHE_HOME="$env/cache" # compiled forms fit this environment only
# One node: shared memory and nothing else, without looking for networks and complaining about them.
export OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,sm OMPI_MCA_osc=^ucx UCX_LOG_LEVEL=fatal HWLOC_HIDE_ERRORS=2

cd "$here" 2>/dev/null || { echo "tertia: $here cannot be seen inside the environment" >&2; exit 1; }
if [ "$uid" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    exec "$@"
fi
# An ordinary user mounted as root of a user namespace and goes on as himself.
exec unshare --user --map-user="$uid" --map-group="$gid" -- "$@"
