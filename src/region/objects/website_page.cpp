#include "region/objects/website_page.hpp"

#include "wire/s3/xml.hpp"

#include <string_view>

namespace cloudshelf::objects {
namespace {

std::string_view reason(int status) {
    switch (status) {
        case 400:
            return "Bad Request";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 412:
            return "Precondition Failed";
        case 416:
            return "Requested Range Not Satisfiable";
        case 503:
            return "Service Unavailable";
        default:
            return status >= 500 ? "Internal Server Error" : "Error";
    }
}

void append_item(std::string& to, std::string_view name, std::string_view value) {
    to.append("<li>").append(name).append(": ");
    s3::append_xml_escaped(to, value);
    to += "</li>\n";
}

}  // namespace

io::HttpResponse error_page(const WebsiteError& error) {
    const std::string title = std::to_string(error.status) + ' ' + std::string(reason(error.status));
    std::string page = "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>" + title +
                       "</title></head>\n<body>\n<h1>" + title + "</h1>\n<ul>\n";
    append_item(page, "Code", error.error.code);
    append_item(page, "Message", error.error.message);
    for (const auto& [name, value] : error.details) append_item(page, name, value);
    append_item(page, "RequestId", error.request_id);
    page += "</ul>\n";
    if (error.of_document) {
        page += "<h2>The error document could not be shown either</h2>\n<ul>\n";
        append_item(page, "Code", error.of_document->code);
        append_item(page, "Message", error.of_document->message);
        page += "</ul>\n";
    }
    page += "</body>\n</html>\n";
    io::HttpResponse answer{.status = error.status};
    answer.headers = {
        {"Content-Type", "text/html; charset=utf-8"},
        {"x-amz-error-code", error.error.code},
        {"x-amz-error-message", error.error.message},
    };
    answer.body = std::move(page);
    return answer;
}

}  // namespace cloudshelf::objects
