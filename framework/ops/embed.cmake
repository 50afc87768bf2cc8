# Writes OUTPUT, the code of FILES below FOLDER: cmake -DOUTPUT=... -DFOLDER=... -DFILES=a;b -P embed.cmake
set(types "html:text/html\\; charset=utf-8" "css:text/css\\; charset=utf-8" "js:text/javascript\\; charset=utf-8"
  "svg:image/svg+xml")
set(arrays "")
set(entries "")
foreach(file IN LISTS FILES)
  file(READ ${FOLDER}/${file} bytes HEX)
  file(SHA256 ${FOLDER}/${file} hash)
  string(SUBSTRING ${hash} 0 16 hash)
  string(LENGTH "${bytes}" digits)
  math(EXPR size "${digits} / 2")
  string(MAKE_C_IDENTIFIER ${file} name)
  string(REGEX REPLACE "(................................................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "constexpr unsigned char k_${name}[] = {\n${bytes}};\n")
  get_filename_component(extension ${file} LAST_EXT)
  foreach(type IN LISTS types)
    if(".${type}" MATCHES "^\\${extension}:(.*)$")
      set(content_type ${CMAKE_MATCH_1})
    endif()
  endforeach()
  set(path /${file})
  if(file STREQUAL "index.html")
    set(path /)
  endif()
  string(APPEND entries
    "    PageFile{\"${path}\", \"${content_type}\", text(k_${name}, ${size}), \"\\\"${hash}\\\"\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Made by embed.cmake.
#include \"page.hpp\"

#include <array>

namespace braid::ops {
namespace {
${arrays}
std::string_view text(const unsigned char* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}
}  // namespace

std::span<const PageFile> page_files() {
  static const auto files = std::to_array<PageFile>({
${entries}  });
  return files;
}
}  // namespace braid::ops
")
