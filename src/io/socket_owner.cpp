#include "io/socket_owner.hpp"

#include <arpa/inet.h>
#include <cstring>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cloudshelf::io {
namespace {

struct Question {
    nlmsghdr header{};
    inet_diag_req_v2 about{};
};

bool fill(const Endpoint& endpoint, __be32* address, __be16* port) {
    *port = htons(endpoint.port);
    return ::inet_pton(AF_INET, endpoint.address.c_str(), address) == 1;
}

std::optional<uid_t> ask(int netlink, const Question& question) {
    if (::send(netlink, &question, sizeof question, 0) != static_cast<ssize_t>(sizeof question)) return std::nullopt;
    alignas(nlmsghdr) char answer[4096];
    const auto length = ::recv(netlink, answer, sizeof answer, 0);
    const auto* header = reinterpret_cast<const nlmsghdr*>(answer);
    if (length < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(inet_diag_msg)))) return std::nullopt;
    if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY) return std::nullopt;
    inet_diag_msg found{};
    std::memcpy(&found, answer + NLMSG_HDRLEN, sizeof found);
    if (found.idiag_inode == 0) return std::nullopt;  // closed by who made it: the user would be given as root
    return found.idiag_uid;
}

}  // namespace

std::optional<uid_t> socket_owner(const Endpoint& near, const Endpoint& far) {
    Question question;
    question.header.nlmsg_len = sizeof question;
    question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    question.header.nlmsg_flags = NLM_F_REQUEST;
    question.about.sdiag_family = AF_INET;
    question.about.sdiag_protocol = IPPROTO_TCP;
    question.about.idiag_states = ~0U;
    auto& id = question.about.id;
    if (!fill(near, &id.idiag_src[0], &id.idiag_sport)) return std::nullopt;
    if (!fill(far, &id.idiag_dst[0], &id.idiag_dport)) return std::nullopt;
    id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    const int netlink = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (netlink < 0) return std::nullopt;
    const auto owner = ask(netlink, question);
    ::close(netlink);
    return owner;
}

}  // namespace cloudshelf::io
