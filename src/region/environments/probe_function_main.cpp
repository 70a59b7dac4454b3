// A function for tests: does what its payload says, and what its handler says while it starts. Blocking sockets and
// nothing else, so that it is small and may be linked statically.
//
//   payload: a word and what belongs to it, "sleep 200"; see `kinds`. handler: "", "exit 3", "error", "hang", "slow
//   50".
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace {

void sleep_ms(long ms) {
    timespec time{.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (::nanosleep(&time, &time) != 0) {
    }
}

struct Response {
    int status = 0;
    std::string head;
    std::string body;

    std::string header(const char* name) const {
        const char* at = ::strcasestr(head.c_str(), name);
        if (at == nullptr) return "";
        at += std::strlen(name) + 2;
        return std::string(at, ::strcspn(at, "\r\n"));
    }
};

/// One connection, made again when it is closed.
class Connection {
public:
    explicit Connection(const std::string& to) {
        const auto colon = to.find(':');
        address_.sin_family = AF_INET;
        address_.sin_port = htons(static_cast<std::uint16_t>(std::atoi(to.c_str() + colon + 1)));
        ::inet_pton(AF_INET, to.substr(0, colon).c_str(), &address_.sin_addr);
    }

    void close() {
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
        unread_.clear();
    }
    bool send(const std::string& bytes) {
        if (socket_ < 0 && !connect()) return false;
        for (std::size_t at = 0; at < bytes.size();) {
            const auto sent = ::send(socket_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
            if (sent <= 0) return false;
            at += static_cast<std::size_t>(sent);
        }
        return true;
    }
    Response receive() {
        Response response;
        std::size_t end = 0;
        while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
            if (!read_more()) return response;
        }
        response.head = unread_.substr(0, end + 2);
        unread_.erase(0, end + 4);
        response.status = std::atoi(response.head.c_str() + 9);
        const auto length = static_cast<std::size_t>(std::atol(response.header("Content-Length").c_str()));
        while (unread_.size() < length) {
            if (!read_more()) return response;
        }
        response.body = unread_.substr(0, length);
        unread_.erase(0, length);
        return response;
    }

private:
    bool connect() {
        socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int one = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        return ::connect(socket_, reinterpret_cast<sockaddr*>(&address_), sizeof address_) == 0;
    }
    bool read_more() {
        char buffer[65536];
        const auto count = ::recv(socket_, buffer, sizeof buffer, 0);
        if (count <= 0) return false;
        unread_.append(buffer, static_cast<std::size_t>(count));
        return true;
    }

    sockaddr_in address_{};
    int socket_ = -1;
    std::string unread_;
};

Connection api(std::getenv("AWS_LAMBDA_RUNTIME_API"));
std::string id;
long served = 0;

std::string head_of(const std::string& method, const std::string& path, const std::string& more) {
    return method + " /2018-06-01/runtime/" + path + " HTTP/1.1\r\nHost: api\r\n" + more + "\r\n";
}

Response post(const std::string& path, const std::string& body, const std::string& headers = "") {
    api.send(
        head_of(
            "POST", path, "Content-Type: text/html\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers
        ) +
        body
    );
    return api.receive();
}

Response respond(const std::string& body) {
    return post("invocation/" + id + "/response", body);
}

long number(const std::string& text) {
    return std::atol(text.c_str());
}

[[noreturn]] void die_by(int signal) {
    ::signal(signal, SIG_DFL);
    ::raise(signal);
    ::_exit(99);
}

void allocate(const std::string& mib) {
    const auto bytes = static_cast<std::size_t>(number(mib)) << 20;
    auto* memory = static_cast<volatile char*>(std::malloc(bytes));
    if (memory == nullptr) std::abort();
    for (std::size_t at = 0; at < bytes; at += 4096) memory[at] = 1;
    respond("allocated");
    std::free(const_cast<char*>(memory));
}

/// Children that stay: in sessions of their own, with what we write to still open.
void leave_children(const std::string& count) {
    std::string pids;
    for (long i = number(count); i > 0; --i) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::setsid();
            ::signal(SIGTERM, SIG_IGN);
            if (::fork() > 0) ::_exit(0);
            for (;;) ::pause();
        }
        ::waitpid(pid, nullptr, 0);
        pids += std::to_string(pid) + " ";
    }
    respond(pids);
}

void fork_much(const std::string& count) {
    long forked = 0;
    while (forked < number(count)) {
        const pid_t pid = ::fork();
        if (pid < 0) break;
        if (pid == 0) {
            for (;;) ::pause();
        }
        ++forked;
    }
    respond(std::to_string(forked));
}

/// A folder that its owner may not read either.
void lock_folder(const std::string&) {
    const std::string inner = std::string(std::getenv("TMPDIR")) + "/locked/inner";
    std::filesystem::create_directories(inner);
    ::close(::creat((inner + "/file").c_str(), 0600));
    ::chmod(inner.c_str(), 0);
    ::chmod((std::string(std::getenv("TMPDIR")) + "/locked").c_str(), 0);
    respond("locked");
}

void write_forever(const std::string&) {
    const std::string line(1000, 'x');
    for (;;) std::puts(line.c_str());
}

void fill_folder(const std::string& mib) {
    const std::string folder = std::getenv("TMPDIR");
    const std::string piece(1 << 20, 'f');
    const int file = ::open((folder + "/filled").c_str(), O_WRONLY | O_CREAT, 0600);
    long written = 0;
    ::signal(SIGXFSZ, SIG_IGN);
    while (written < number(mib) && ::write(file, piece.data(), piece.size()) == static_cast<ssize_t>(piece.size()))
        ++written;
    ::close(file);
    respond(std::to_string(written));
}

void use_other_id(const std::string& body) {
    const Response refused = post("invocation/11111111-2222-3333-4444-555555555555/response", body);
    respond(std::to_string(refused.status) + " " + refused.body);
}

void answer_twice(const std::string&) {
    respond("first");
    std::printf("second: %d\n", respond("second").status);
    std::fflush(stdout);
}

void answer_late(const std::string& ms) {
    ::signal(SIGTERM, SIG_IGN);
    sleep_ms(number(ms));
    respond("late");
}

void answer_in_chunks(const std::string& body) {
    api.send(head_of("POST", "invocation/" + id + "/response", "Transfer-Encoding: chunked\r\n"));
    for (const char c : body) api.send(std::string("1\r\n") + c + "\r\n");
    api.send("0\r\n\r\n");
    api.receive();
}

void answer_large(const std::string& bytes) {
    const Response told = respond(std::string(static_cast<std::size_t>(number(bytes)), 'l'));
    std::printf("told: %d\n", told.status);
    std::fflush(stdout);
    api.close();  // the rest of the body was not read
}

void fail_invocation(const std::string& type) {
    post(
        "invocation/" + id + "/error",
        R"({"errorMessage":"it went wrong","errorType":")" + type + R"(","stackTrace":["here"]})",
        "Lambda-Runtime-Function-Error-Type: " + type + "\r\n"
    );
}

void tell_environment(const std::string&) {
    std::string all;
    for (char** entry = environ; *entry != nullptr; ++entry) all += std::string(*entry) + "\n";
    all += "cwd=" + std::filesystem::current_path().string() + "\nuid=" + std::to_string(::getuid()) + "\ndescriptors=";
    for (int i = 0; i < 1024; ++i) {
        if (::fcntl(i, F_GETFD) >= 0) all += std::to_string(i) + " ";
    }
    respond(
        all + "\nfile=" + std::to_string(::access((std::string(std::getenv("TMPDIR")) + "/left").c_str(), F_OK)) + "\n"
    );
}

const std::map<std::string, void (*)(const std::string&)> kinds{
    {"echo", [](const std::string& rest) { respond(rest); }},
    {"count", [](const std::string&) { respond(std::to_string(served)); }},
    {"pid", [](const std::string&) { respond(std::to_string(::getpid())); }},
    {"sleep", [](const std::string& rest) { sleep_ms(number(rest)), respond("slept"); }},
    {"exit", [](const std::string& rest) { ::_exit(static_cast<int>(number(rest))); }},
    {"signal", [](const std::string& rest) { die_by(static_cast<int>(number(rest))); }},
    {"allocate", allocate},
    {"children", leave_children},
    {"stop-itself", [](const std::string&) { ::raise(SIGSTOP); }},
    {"fork-bomb", fork_much},
    {"lock", lock_folder},
    {"flood", write_forever},
    {"fill", fill_folder},
    {"other-id", use_other_id},
    {"twice", answer_twice},
    {"late", answer_late},
    {"chunks", answer_in_chunks},
    {"large", answer_large},
    {"error", fail_invocation},
    {"environment", tell_environment},
    {"print",
     [](const std::string& rest) { std::printf("%s\n", rest.c_str()), std::fflush(stdout), respond("printed"); }},
    {"garbage", [](const std::string&) { api.send("\x16\x03\x01 no HTTP at all\r\n\r\n"), api.receive(), api.close(); }
    },
    {"next-again",
     [](const std::string&) {
         api.send(head_of("GET", "invocation/next", "")), respond(std::to_string(api.receive().status));
     }},
    {"close", [](const std::string&) { api.close(); }},
    {"reconnect", [](const std::string&) { api.close(), respond("again"); }},
    {"answer-and-exit", [](const std::string& rest) { respond("bye"), ::_exit(static_cast<int>(number(rest))); }},
    {"answer-and-rest", [](const std::string& rest) { respond("resting"), sleep_ms(number(rest)); }},
    {"headers", nullptr},
    {"api", [](const std::string&) { respond(std::getenv("AWS_LAMBDA_RUNTIME_API")); }},
    {"try-steal",
     [](const std::string& rest) {
         Connection other(rest);
         other.send(head_of("GET", "invocation/next", ""));
         respond(std::to_string(other.receive().status));
     }},
    {"try-kill",
     [](const std::string& rest) {
         respond(::kill(static_cast<pid_t>(number(rest)), SIGKILL) == 0 ? "killed" : std::strerror(errno));
     }},
    {"try-read",
     [](const std::string& rest) { respond(::open(rest.c_str(), O_RDONLY) >= 0 ? "read" : std::strerror(errno)); }},
    {"write",
     [](const std::string& rest) {
         respond(
             ::creat((std::string(std::getenv("TMPDIR")) + "/" + rest).c_str(), 0600) >= 0 ? std::getenv("TMPDIR")
                                                                                           : std::strerror(errno)
         );
     }},
};

void init() {
    const std::string handler = std::getenv("_HANDLER") != nullptr ? std::getenv("_HANDLER") : "";
    const auto space = handler.find(' ');
    const std::string what = handler.substr(0, space);
    const std::string rest = space == std::string::npos ? "" : handler.substr(space + 1);
    if (what == "exit") ::_exit(static_cast<int>(number(rest)));
    if (what == "hang") sleep_ms(1000000);
    if (what == "slow") sleep_ms(number(rest));
    if (what == "print") std::printf("%s\n", rest.c_str()), std::fflush(stdout);
    if (what == "error") {
        post("init/error", R"({"errorMessage":"no luck","errorType":"Probe.NoLuck","stackTrace":[]})");
        ::_exit(1);
    }
    // Fails the first time only, as a dependency that comes up late would make it.
    if (what == "once" && ::access(rest.c_str(), F_OK) != 0) {
        ::close(::creat(rest.c_str(), 0644));
        ::_exit(4);
    }
}

}  // namespace

int main() {
    init();
    for (int failures = 0; failures < 3;) {
        api.send(head_of("GET", "invocation/next", ""));
        const Response next = api.receive();
        if (next.status != 200) {
            ++failures;
            api.close();
            continue;
        }
        failures = 0;
        id = next.header("Lambda-Runtime-Aws-Request-Id");
        ++served;
        const auto space = next.body.find(' ');
        const std::string what = next.body.substr(0, space);
        if (what == "headers") {
            respond(next.head);
            continue;
        }
        const auto kind = kinds.find(what);
        if (kind == kinds.end()) {
            respond(next.body);
        } else {
            kind->second(space == std::string::npos ? "" : next.body.substr(space + 1));
        }
    }
    return 1;
}
