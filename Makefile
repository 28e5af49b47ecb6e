# SPDX-License-Identifier: GPL-2.0-only
# The front door. The modules themselves are described in Kbuild, the checks in tests/.

KDIR ?= /lib/modules/$(shell uname -r)/build

# Headers name the compiler that built the kernel, those of late by its full name only, of which CROSS_COMPILE is the first
# part. Where that one is not installed, this machine's gcc has to do; a kernel built by clang wants LLVM's tools throughout.
variables = $(KDIR)/.kernelvariables 2>/dev/null
cross = $(shell sed -n 's/^override CROSS_COMPILE *= *\([a-z0-9_-]*\)$$/\1/p' $(variables))
wanted-cc = $(addprefix $(cross),$(shell sed -n 's/^CC *=.*\<\(gcc-[0-9.]*\)$$/\1/p' $(variables)))
toolchain = $(if $(wanted-cc),$(if $(shell command -v $(wanted-cc)),,CC=gcc)) \
	    $(if $(shell grep -s ^CONFIG_CC_IS_CLANG=y $(KDIR)/.config),LLVM=1)
M ?= $(CURDIR)
kbuild = $(MAKE) -C $(KDIR) M=$(M) $(toolchain)

modules: ## build the modules for the kernel at KDIR (default: the running one); C=1 W=1 as in the kernel
	@test -e $(KDIR)/Makefile || { echo "error: KDIR=$(KDIR): no kernel headers there" >&2; exit 1; }
	@sh compat/modules -s $(KDIR)
	+@sh compat/explain $(kbuild) modules

install: modules install-tools ## install them into /lib/modules/RELEASE/updates, and the tools
	+$(kbuild) INSTALL_MOD_DIR=updates modules_install

SBINDIR ?= /usr/sbin
UDEVDIR ?= $(or $(shell pkg-config --variable=udevdir udev 2>/dev/null),/usr/lib/udev)
install-tools: ## install pv-doctor, man pages, and udev's rule for disks shown twice
	install -D -m 755 tools/pv-doctor $(DESTDIR)$(SBINDIR)/pv-doctor
	install -D -m 644 tools/pv-doctor.8 $(DESTDIR)/usr/share/man/man8/pv-doctor.8
	install -d $(DESTDIR)/usr/share/man/man7
	packaging/man-parameters >$(DESTDIR)/usr/share/man/man7/pv-on-hvm.7
	install -D -m 755 packaging/udev/pv-disk-id $(DESTDIR)$(UDEVDIR)/pv-disk-id
	install -D -m 644 packaging/udev/61-pv-on-hvm.rules $(DESTDIR)$(UDEVDIR)/rules.d/61-pv-on-hvm.rules

clean: ## remove what a build leaves
	find . \( -name .git -o -path ./build \) -prune -o -type f \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' -o -name '*.d' -o -name modules.order -o -name Module.symvers \) \
		-exec rm -f {} +
	rm -rf compat/generated .tmp_versions

deb: ## build the Debian packages, into build/deb
	packaging/make-deb

rpm: ## build the RPM packages, into build/rpm; KDIR=... also modules for that kernel
	$(if $(filter command line environment,$(origin KDIR)),KDIR=$(KDIR)) packaging/make-rpm

export-tree: ## put the drivers into DIR=... of a kernel's source tree, with Kconfig and Makefile
	@packaging/export-tree "$(DIR)"

check: ## run every layer of the tests (tests/run LAYER... runs some)
	tests/run

demo: ## boot a guest from its PV disk and measure it
	tests/demo

bench: ## our drivers and the kernel's own in turn, on the same bus in the same guest; BEDS="xen-real"
	tests/bench/run $(BEDS)

stats: ## lines of C, lengths of functions, sizes of modules and how long they take to build
	tests/style/stats
	tests/kernels/sizes 6.1

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

.PHONY: modules install install-tools clean deb rpm export-tree check demo bench stats help
