# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts under the prefix, and the Debian package that `cpack -G DEB` makes of it.
# share/acimsweep repeats the folders of the sources that the program reads (host/core/project_files.hpp).
include(GNUInstallDirs)
set(files ${CMAKE_INSTALL_DATADIR}/acimsweep)
install(DIRECTORY data sweeps DESTINATION ${files}
    FILES_MATCHING PATTERN "*.yaml" PATTERN "*.onnx" PATTERN "*.npz"
    PATTERN "fixtures" EXCLUDE PATTERN "__pycache__" EXCLUDE)
install(DIRECTORY analysis/acimsweep DESTINATION ${files}/analysis
    PATTERN "__pycache__" EXCLUDE PATTERN "*.pyc" EXCLUDE)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR}
    FILES_MATCHING PATTERN "*.md" PATTERN "*.png" PATTERN "*.svg")

# acim_compressed(<variable> <file>) sets the variable to a gzip of a file, the same bytes each time.
function(acim_compressed variable file)
    get_filename_component(name ${file} NAME)
    set(out ${PROJECT_BINARY_DIR}/packaging/${name}.gz)
    execute_process(COMMAND gzip -9nc ${PROJECT_SOURCE_DIR}/${file} OUTPUT_FILE ${out}
        COMMAND_ERROR_IS_FATAL ANY)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    set(${variable} ${out} PARENT_SCOPE)
endfunction()
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/packaging)
acim_compressed(manual packaging/acimsweep.1)
install(FILES ${manual} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

# Debian only: what its policy asks for, and a link by which Debian's Python finds the package.
acim_compressed(changelog packaging/debian/changelog)
set(tree ${PROJECT_BINARY_DIR}/packaging/debian)
file(MAKE_DIRECTORY ${tree}/lib/python3/dist-packages ${tree}/share/doc/acimsweep ${tree}/share/lintian/overrides)
file(CREATE_LINK ../../../share/acimsweep/analysis/acimsweep ${tree}/lib/python3/dist-packages/acimsweep
    SYMBOLIC)
file(COPY packaging/debian/copyright ${changelog} DESTINATION ${tree}/share/doc/acimsweep)
configure_file(packaging/debian/lintian-overrides ${tree}/share/lintian/overrides/acimsweep COPYONLY)
set(CPACK_INSTALLED_DIRECTORIES ${tree} usr)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "acimsweep developers <acimsweep@example.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Monte Carlo sweeps of SRAM analog compute-in-memory")
set(CPACK_PACKAGE_DESCRIPTION "acimsweep runs neural networks (ONNX) on simulated analog compute-in-memory
macros, conversion by conversion, over grids of macro parameters and simulated
chips, and writes accuracies with intervals, energies and errors to HDF5.
Results are the same bytes for any number of threads, shards and machines.")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS
    "python3, python3-numpy, python3-h5py, python3-pandas, python3-scipy, python3-xarray, python3-matplotlib, python3-plotly")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "python3-torch, python3-onnx, python3-pil, dataset-fashion-mnist")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/packaging/debian/postinst ${PROJECT_SOURCE_DIR}/packaging/debian/prerm)
include(CPack)
