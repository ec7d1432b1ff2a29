# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# Where the parts of the virtual machine lie: what devtools/vm.sh puts there and tests/vm/run.sh
# takes. Sourced by bash scripts after common.sh; starts nothing, changes nothing.
#
#   $vm_dir/root/             QEMU, busybox and whatever else was asked for, unpacked
#   $vm_dir/kernel/SUITE/     a kernel package, unpacked: boot/vmlinuz-*, lib/modules/*,
#                             and vmlinux, the same kernel uncompressed
#   $vm_dir/initramfs/        finished archives, named by what they were made of
#   $vm_dir/apt/              package lists

vm_dir=${VM_CACHE:-$top/.cache/vm}
vm_root=$vm_dir/root

# The release this machine runs, as its mirrors call it.
vm_codename()
{
	# shellcheck disable=SC1091,SC2154 # the file says so itself
	(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}") 2>/dev/null
}

# The suite whose kernel has vDPA and VDUSE: 6.12 or later.
vm_default_suite()
{
	case $(vm_codename) in
	bookworm) printf bookworm-backports ;;
	*) vm_codename ;;
	esac
}

# vm_kernel_dir NAME: NAME is a suite, or a directory that holds boot/ and lib/modules/ itself.
vm_kernel_dir()
{
	case $1 in
	*/*) printf '%s' "$1" ;;
	*) printf '%s' "$vm_dir/kernel/$1" ;;
	esac
}

# vm_first GLOB...: the first that exists.
vm_first()
{
	local path
	for path; do
		[ ! -e "$path" ] || { printf '%s' "$path"; return; }
	done
	return 1
}

vm_vmlinuz() { vm_first "$(vm_kernel_dir "$1")"/boot/vmlinuz-*; }
vm_bootable() { vm_first "$(vm_kernel_dir "$1")/vmlinux" || vm_vmlinuz "$1"; }
vm_busybox() { vm_first "$vm_root/usr/bin/busybox" "$vm_root/bin/busybox"; }
vm_qemu_program() { vm_first "$vm_root/usr/bin/qemu-system-x86_64"; }

# vm_has_parts NAME: QEMU, busybox and that kernel are there.
vm_has_parts()
{
	vm_qemu_program >/dev/null && vm_busybox >/dev/null && vm_vmlinuz "$1" >/dev/null
}

# Where the unpacked libraries are, for LD_LIBRARY_PATH.
vm_libraries()
{
	local base=$vm_root multiarch=x86_64-linux-gnu
	printf '%s' "$base/usr/lib/$multiarch:$base/lib/$multiarch"
}

# vm_qemu_environment: what the unpacked QEMU needs to find its own parts, to be given to env(1).
vm_qemu_environment()
{
	printf '%s\n' "LD_LIBRARY_PATH=$(vm_libraries)" \
		"QEMU_MODULE_DIR=$vm_root/usr/lib/x86_64-linux-gnu/qemu"
}

vm_qemu_data()
{
	printf '%s\n' -L "$vm_root/usr/share/qemu" -L "$vm_root/usr/share/seabios" -L "$vm_root/usr/lib/ipxe/qemu"
}
