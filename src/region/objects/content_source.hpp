#pragma once

#include "base/result.hpp"
#include "io/http.hpp"
#include "io/task.hpp"
#include "region/contents/name.hpp"

#include <string>
#include <string_view>

namespace cloudshelf::objects {

class Service;

/// Gives other regions the plain bytes of contents, under /contents:
///   GET  /contents/<sha256>.<key>   with `Range: bytes=a-b` of at most 16 MiB, or whole, as a stream
///   GET  /contents/<sha256>         whichever key it lies under, where anybody refers to it
///   POST /contents                  many small ones at once: content_frames.hpp
/// 404 "contents.missing": nobody refers to it. 500: it is wanted here too, and cannot be read. Whoever asks shows the
/// secret that the log asks for. Lives on the service's executor.
class ContentSource {
public:
    explicit ContentSource(Service& service) : service_(service) {}

    /// To be called for every path that begins with /contents.
    io::Task<io::HttpResponse> answer(io::HttpRequest request);

private:
    io::Task<io::HttpResponse> one(io::HttpRequest request);
    io::Task<io::HttpResponse> many(io::HttpRequest request);

    Service& service_;
};

/// Whether a request carries the secret between regions, or none is asked for.
bool shows_secret(const io::HttpRequest& request, std::string_view secret);

}  // namespace cloudshelf::objects
