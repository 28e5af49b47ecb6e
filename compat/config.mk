# SPDX-License-Identifier: GPL-2.0-only
# Included by a Kbuild that has set pv-top, the package's folder: pv-config is the folder of pv_compat_config.h.
#
# What the kernel at hand offers is probed anew at every build (milliseconds) and written only if it changed, into a
# folder for each kernel release. `make clean` reads no configuration and needs none of it.
pv-config := $(pv-top)/compat/generated/$(KERNELRELEASE)
ifdef CONFIG_MODULES
ifneq ($(shell sh $(pv-top)/compat/probe $(srctree) $(objtree) $(pv-config)/pv_compat_config.h && echo done),done)
$(error compat/probe failed on $(srctree))
endif
endif
