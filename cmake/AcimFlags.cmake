# SPDX-License-Identifier: Apache-2.0
# acim_exact carries every flag that results depend on; acim_warnings only talks.
# Contraction would fuse a*b+c into one rounding on some targets and not on others, so that the
# same design point gave different bits (docs/model.md, section "Exact arithmetic").
add_library(acim_exact INTERFACE)
target_compile_options(acim_exact INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off>)
target_include_directories(acim_exact INTERFACE ${ACIM_ROOT})

add_library(acim_warnings INTERFACE)
target_compile_options(acim_warnings INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
    # g++ 12 sees overlaps in "text" + std::string that are not there.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>>)
if(ACIM_WERROR)
    target_compile_options(acim_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
if(ACIM_SANITIZE)
    target_compile_options(acim_exact INTERFACE -fsanitize=address,undefined
        -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
    target_link_options(acim_exact INTERFACE -fsanitize=address,undefined)
endif()
if(ACIM_FUZZ)
    target_compile_options(acim_exact INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=fuzzer-no-link,address,undefined
        -fno-sanitize-recover=undefined -fno-omit-frame-pointer>)
    target_link_options(acim_exact INTERFACE -fsanitize=address,undefined)
endif()
