# SPDX-License-Identifier: GPL-3.0-or-later
# Warnings, hardening and instrumentation; each flag is probed, so that an older compiler still builds.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(SP_WARNING_FLAGS
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
    -Wmissing-prototypes -Wold-style-definition -Wvla -Wpointer-arith -Wcast-qual -Wwrite-strings
    -Wformat=2 -Wformat-nonliteral -Wundef -Wnull-dereference -Wimplicit-fallthrough
    -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wfloat-equal -Walloca)
set(SP_HARDENING_FLAGS
    -fstack-protector-strong -fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero
    -fno-delete-null-pointer-checks -fno-strict-overflow -ffunction-sections -fdata-sections)
set(SP_LINK_FLAGS -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed -Wl,--gc-sections)

function(sp_probe_flag flag out)
  string(MAKE_C_IDENTIFIER "SP_HAVE${flag}" var)
  check_c_compiler_flag(${flag} ${var})
  set(${out} ${${var}} PARENT_SCOPE)
endfunction()

function(sp_apply_flags target)
  foreach(flag IN LISTS SP_WARNING_FLAGS SP_HARDENING_FLAGS)
    sp_probe_flag(${flag} ok)
    if(ok)
      target_compile_options(${target} INTERFACE ${flag})
    endif()
  endforeach()
  if(SP_WERROR)
    target_compile_options(${target} INTERFACE -Werror)
  endif()
  foreach(flag IN LISTS SP_LINK_FLAGS)
    string(MAKE_C_IDENTIFIER "SP_HAVE_LINK${flag}" var)
    check_linker_flag(C ${flag} ${var})
    if(${var})
      target_link_options(${target} INTERFACE ${flag})
    endif()
  endforeach()
  if(SP_SANITIZE)
    target_compile_options(${target} INTERFACE -fsanitize=${SP_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} INTERFACE -fsanitize=${SP_SANITIZE})
    if(SP_SANITIZE MATCHES "undefined")
      target_compile_options(${target} INTERFACE -fno-sanitize-recover=undefined)
    endif()
  elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    # glibc's checks need optimisation; sanitizers bring their own.
    target_compile_options(${target} INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  endif()
  if(SP_FUZZ)
    target_compile_options(${target} INTERFACE -fsanitize=fuzzer-no-link)
  endif()
  if(SP_COVERAGE)
    target_compile_options(${target} INTERFACE --coverage -O0)
    target_link_options(${target} INTERFACE --coverage)
  endif()
endfunction()
