# Writes a C++ source with the files of a folder, each as it is and compressed (agent/web/files.h). It defines
# FUNCTION, which HEADER declares: `std::span<const WebFile> FUNCTION()` in the namespace agent.
#   cmake -D FOLDER=… -D OUT=… -D HEADER=… -D FUNCTION=… -P embed.cmake
cmake_minimum_required(VERSION 3.25)

set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_json "application/json")
set(type_svg "image/svg+xml")
set(type_webmanifest "application/manifest+json")

# The bytes of a file as the definition of an array.
function(array_of file name out)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  set(${out} "const unsigned char ${name}[] = {${bytes}};\n" PARENT_SCOPE)
endfunction()

file(GLOB names RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT names)
set(arrays)
set(rows)
set(number 0)
foreach(name ${names})
  get_filename_component(extension ${name} LAST_EXT)
  string(SUBSTRING "${extension}" 1 -1 extension)
  if(NOT DEFINED type_${extension})
    message(FATAL_ERROR "${FOLDER}/${name}: no media type is known for .${extension}; add one to embed.cmake")
  endif()
  # -n leaves name and time out, so that equal files give equal programs.
  execute_process(COMMAND gzip -9 -n -c ${FOLDER}/${name} OUTPUT_FILE ${OUT}.gz
    COMMAND_ERROR_IS_FATAL ANY)
  array_of(${FOLDER}/${name} plain_${number} plain)
  array_of(${OUT}.gz gzip_${number} gzip)
  file(SHA256 ${FOLDER}/${name} hash)
  string(SUBSTRING ${hash} 0 32 hash)
  set(shown ${name})
  if(name STREQUAL "index.html")
    set(shown "")
  endif()
  string(APPEND arrays "${plain}${gzip}")
  string(APPEND rows "    {\"${shown}\", \"${type_${extension}}\", \"\\\"${hash}\\\"\",\n"
    "     text_of(plain_${number}), text_of(gzip_${number})},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(REMOVE ${OUT}.gz)

file(WRITE ${OUT} "// Made by agent/web/embed.cmake.
#include \"${HEADER}\"

#include <cstddef>

namespace agent {
namespace {

${arrays}
template <std::size_t kSize>
std::string_view text_of(const unsigned char (&bytes)[kSize]) {
  return {reinterpret_cast<const char*>(bytes), kSize};
}

}  // namespace

std::span<const WebFile> ${FUNCTION}() {
  static const WebFile kFiles[] = {
${rows}  };
  return kFiles;
}

}  // namespace agent
")
