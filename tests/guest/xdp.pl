#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
# xdp.pl IFACE pass|drop|tx|redirect: put an XDP program with that verdict on the interface until killed. Redirection is
# to the interface itself. Made of raw instructions, so that it needs no compiler, no library and no other tool.
use strict;
use warnings;

my ($iface, $verdict) = @ARGV;
my ($BPF, $PROG_LOAD, $LINK_CREATE) = (321, 5, 28);
my ($TYPE_XDP, $ATTACH_XDP) = (6, 37);
my %verdicts = (drop => 1, pass => 2, tx => 3);

sub insn { my ($code, $regs, $off, $imm) = @_; return pack('CCsl', $code, $regs, $off, $imm); }

open(my $f, '<', "/sys/class/net/$iface/ifindex") or die "$iface: no such interface\n";
my $ifindex = <$f> + 0;
my $prog;
if ($verdict eq 'redirect') {
	# r1 = ifindex; r2 = 0; call bpf_redirect; exit
	$prog = insn(0xb7, 1, 0, $ifindex) . insn(0xb7, 2, 0, 0) . insn(0x85, 0, 0, 23) . insn(0x95, 0, 0, 0);
} else {
	# r0 = verdict; exit
	$prog = insn(0xb7, 0, 0, $verdicts{$verdict} // die "$verdict: no such verdict\n") . insn(0x95, 0, 0, 0);
}
my $license = "GPL\0";
my $attr = pack('LLPP', $TYPE_XDP, length($prog) / 8, $prog, $license) . "\0" x 96;
my $fd = syscall($BPF, $PROG_LOAD, $attr, length($attr));
die "loading: $!\n" if $fd < 0;
$attr = pack('LLLL', $fd, $ifindex, $ATTACH_XDP, 0) . "\0" x 48;
my $link = syscall($BPF, $LINK_CREATE, $attr, length($attr));
die($!{EINVAL} ? "no such call, or refused: $!\n" : "attaching: $!\n") if $link < 0;
$| = 1;
print "attached\n";
sleep 1 while 1;
