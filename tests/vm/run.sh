#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The net_virtio_user authors
#
# usage: tests/vm/run.sh [option]... 'command'
#
# Boots Debian's cloud kernel in QEMU, with nothing but an initramfs, runs the command there as
# root, and returns its standard output, its standard error and its exit status. Takes 3 to 5
# seconds and neither root nor a disk. What it boots is fetched by devtools/vm.sh when missing.
#
#   --add WHAT       put this into the virtual machine; may be repeated. WHAT is
#                      dpdk, python3   dpdk-testpmd with its plugins; Python with its library
#                      NAME            a program, with the libraries that it needs (ip, bash ...)
#                      PATH[:PLACE]    a file or directory; what lies in this source tree goes
#                                      to /src, where the command starts, all else to where it is
#   --module NAME    have this kernel module at hand too (`modprobe NAME` is the command's affair)
#   --kernel NAME    the kernel of the Debian suite NAME (bookworm: 6.1, sid: the newest), or one
#                    unpacked in the directory NAME (with a / in it)
#   --cpus N         so many CPUs (2)
#   --mem M          so much memory, in MiB (1024)
#   --timeout S      end it after S seconds (90)
#   --append TEXT    more words for the kernel's command line
#   --qemu TEXT      more words for QEMU's command line
#   --console        show what the kernel says, on standard error
#   --no-fetch       do not fetch what is missing
#   --help
#
# Exit status: the command's own, or
#    77   a piece of the virtual machine cannot be had: one line on standard error says which
#   124   not done within --timeout seconds \ the end of the console
#   125   the kernel died, or wrong usage   / is on standard error
set -uo pipefail
# shellcheck source=devtools/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../devtools/lib/common.sh"
# shellcheck source=devtools/lib/vm.sh
. "$top/devtools/lib/vm.sh"

kernel=$(vm_default_suite)
cpus=2
mem=1024
seconds=90
append=
qemu_more=
console=0
fetch=1
command=
additions=()
modules=()
work=
qemu_pid=

# At hand in every virtual machine, as far as the kernel has them.
wishes=(vhost_net tun tap veth bridge dummy macvlan af_packet virtio_net virtio_console virtio_pci
	vdpa vduse vhost_vdpa virtio_vdpa vhost_vsock sch_netem sch_ingress cls_u32 act_mirred
	uio_pci_generic vfio_pci tcp_bbr)

fail()
{
	warn "vm: $*"
	exit 125
}

set_option()
{
	case $1 in
	--add | --share) additions+=("$2") ;;
	--module) modules+=(--module "$2") ;;
	--kernel) kernel=$2 ;;
	--cpus) cpus=$2 ;;
	--mem) mem=$2 ;;
	--timeout) seconds=$2 ;;
	--append) append=$2 ;;
	--qemu) qemu_more=$2 ;;
	*) fail "unknown option '$1' (see --help)" ;;
	esac
}

parse_options()
{
	while [ $# -gt 0 ]; do
		case $1 in
		--console) console=1 ;;
		--no-fetch) fetch=0 ;;
		--help)
			print_help "${BASH_SOURCE[0]}"
			exit 0
			;;
		--*)
			[ $# -ge 2 ] || fail "$1 needs a value"
			set_option "$1" "$2"
			shift
			;;
		*) break ;;
		esac
		shift
	done
	[ $# -eq 1 ] || fail "one command is needed, as one word (see --help)"
	command=$1
	check_number --cpus "$cpus"
	check_number --mem "$mem"
	check_number --timeout "$seconds"
}

check_number()
{
	case $2 in '' | *[!0-9]* | 0*) fail "$1 $2: not a number from 1" ;; esac
}

ensure_parts()
{
	! vm_has_parts "$kernel" || return 0
	if [ "$fetch" -eq 0 ]; then
		warn "vm: QEMU, busybox or the kernel of $kernel is not in $vm_dir: devtools/vm.sh fetches them"
		exit 77
	fi
	"$top/devtools/vm.sh" --kernel "$kernel" --quiet >&2 || exit $?
}

# What ends with this script, however it ends: QEMU and the files that it writes.
# shellcheck disable=SC2317 # a trap calls it
clean_up()
{
	[ -z "$qemu_pid" ] || kill "$qemu_pid" 2>/dev/null
	[ -z "$work" ] || rm -rf "$work"
}

# The archive with programs and modules, and behind it a small one with the command.
make_initramfs()
{
	local base cache=$vm_dir/initramfs
	# Parts that another user fetched serve too; what is made of them is then made each time.
	[ -w "$vm_dir" ] || cache=$work
	base=$(PYTHONDONTWRITEBYTECODE=1 python3 "$top/tests/vm/initramfs.py" --tree "$top" --kernel "$(vm_kernel_dir "$kernel")" \
		--root "$vm_root" --busybox "$(vm_busybox)" --cache "$cache" \
		--init "$top/tests/vm/init.sh" "${modules[@]}" "${wishes[@]/#/--wish=}" "${additions[@]}") || exit 125
	{ cat "$base" && cpio_file vm/command "$command"; } >"$work/initramfs" || fail "cannot write $work"
}

# cpio_file PATH TEXT: a cpio archive of one file. Sizes are in bytes.
cpio_file()
{
	local LC_ALL=C
	cpio_member "$1" 81A4 "$2"
	cpio_member 'TRAILER!!!' 0 ''
}

cpio_member()
{
	local name=$(($# ? ${#1} + 1 : 0)) size=${#3}
	printf '070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X' \
		1 "0x$2" 0 0 1 0 "$size" 0 0 0 0 "$name" 0
	printf '%s\0' "$1"
	padding $((110 + name))
	printf '%s' "$3"
	padding "$size"
}

padding() { head -c $((-$1 & 3)) /dev/zero; }

# Emulation, unless /dev/kvm is there and was once seen to run this kernel: where virtual machines
# are nested it may be there and not do so. VM_ACCEL=tcg or kvm decides otherwise.
choose_accel()
{
	local known=$vm_dir/kvm-is-usable answer=no
	[ -z "${VM_ACCEL:-}" ] || return 0
	VM_ACCEL=tcg
	[ -w /dev/kvm ] || return 0
	if [ ! -e "$known" ]; then
		! VM_ACCEL=kvm "${BASH_SOURCE[0]}" --timeout 10 --kernel "$kernel" true >/dev/null 2>&1 || answer=yes
		{ echo "$answer" >"$known"; } 2>/dev/null || true
	fi
	[ "$(cat "$known" 2>/dev/null)" != yes ] || VM_ACCEL=kvm
}

# The options that choose_accel leads to.
accel_options()
{
	if [ "$VM_ACCEL" = kvm ]; then
		printf '%s\n' -accel kvm -cpu max
	else
		printf '%s\n' -accel tcg,thread=multi -cpu max,-cx16,-la57
	fi
}

# The port's name inside is also the file's that QEMU writes.
port_options()
{
	local name
	for name in stdout stderr status; do
		printf '%s\n' -chardev "file,id=$name,path=$work/$name" \
			-device "virtserialport,chardev=$name,name=$name"
	done
}

# What the kernel is told saves a second of emulated calibrations and self-tests. Without
# cmpxchg16b, because QEMU 7.2 now and then breaks a kernel that uses it.
qemu_options()
{
	vm_qemu_data
	local words="console=ttyS0 quiet panic=-1 oops=panic mitigations=off nokaslr"
	words="$words cryptomgr.notests tsc=reliable no_timer_check random.trust_cpu=on"
	accel_options
	printf '%s\n' -smp "$cpus" -m "$mem" \
		-nodefaults -no-user-config -display none -no-reboot \
		-kernel "$(vm_bootable "$kernel")" -initrd "$work/initramfs" \
		-append "$words $append" \
		-serial "file:$work/console" -device virtio-serial-pci
	port_options
}

# Ends QEMU when the time is over, and also when this script is killed outright.
start_qemu()
{
	local environment options
	mapfile -t environment < <(vm_qemu_environment)
	mapfile -t options < <(qemu_options)
	: >"$work/stdout"
	: >"$work/stderr"
	: >"$work/console"
	# shellcheck disable=SC2086 # --qemu's words
	setpriv --pdeathsig TERM timeout --kill-after=2 "$seconds" \
		env "${environment[@]}" "$(vm_qemu_program)" "${options[@]}" $qemu_more \
		</dev/null >"$work/qemu" 2>&1 &
	qemu_pid=$!
}

# Files and not pipes: a slow reader never stops the guest, and nothing is lost when it ends.
show_output()
{
	local followers=()
	tail -s 0.05 -c +1 -f --pid="$qemu_pid" "$work/stdout" 2>/dev/null &
	followers+=($!)
	tail -s 0.05 -c +1 -f --pid="$qemu_pid" "$work/stderr" >&2 2>/dev/null &
	followers+=($!)
	if [ "$console" -eq 1 ]; then
		tail -s 0.05 -c +1 -f --pid="$qemu_pid" "$work/console" >&2 2>/dev/null &
		followers+=($!)
	fi
	wait "$qemu_pid"
	qemu_status=$?
	qemu_pid=
	wait "${followers[@]}"
}

show_console()
{
	[ ! -s "$work/qemu" ] || tail -n 5 "$work/qemu" >&2
	[ "$console" -eq 1 ] || tail -n 40 "$work/console" | tr -d '\r' >&2
}

# The guest's word counts, if it came to it; else what became of QEMU.
report()
{
	local status
	status=$(sed -n 's/^EXIT \([0-9]*\)$/\1/p' "$work/status" 2>/dev/null)
	[ -z "$status" ] || exit "$status"
	if [ "$qemu_status" -eq 124 ] || [ "$qemu_status" -eq 137 ]; then
		warn "vm: not done within $seconds s; the end of its console:"
		show_console
		exit 124
	fi
	warn "vm: the virtual machine died (QEMU's status $qemu_status); the end of its console:"
	show_console
	exit 125
}

parse_options "$@"
ensure_parts
work=$(mktemp -d "${TMPDIR:-/tmp}/virtio-vm.XXXXXX") || fail "cannot write ${TMPDIR:-/tmp}"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
choose_accel
make_initramfs
start_qemu
show_output
report
