#include <cstdlib>

#include "coder.h"

namespace standin {

namespace {

/// PTX ISA 4 and 5: directives, declarations, labels and instructions of a module.
class Parser {
public:
    explicit Parser(const std::string& text) : tokens_(tokens_of(text)) {}

    std::unique_ptr<Program> parse() {
        auto program = std::make_unique<Program>();
        while (peek().shape != Token::End) {
            const std::string word = next().text;
            if (word == ".version" || word == ".target" || word == ".address_size") {
                header(word);
            } else if (word == ".visible" || word == ".weak") {
                continue;
            } else if (word == ".entry" || word == ".func") {
                auto function = function_after(word);
                if (function != nullptr) {
                    program->functions[function->name] = std::move(function);
                }
            } else {
                fail("the directive " + word + " is not known");
            }
        }

        return program;
    }

private:
    std::vector<Token> tokens_;
    size_t at_ = 0;

    const Token& peek(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
    const Token& next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
    bool is(const char* text) const { return peek().text == text && peek().shape != Token::Text; }

    [[noreturn]] void fail(const std::string& why) const { throw PtxError("line " + std::to_string(peek().line) + ": " + why); }

    bool skip(const char* text) {
        if (!is(text)) {
            return false;
        }

        next();
        return true;
    }

    void expect(const char* text) {
        if (!skip(text)) {
            fail("`" + std::string(text) + "` is missing before `" + peek().text + "`");
        }
    }

    uint64_t integer() {
        std::string text = next().text;
        while (!text.empty() && text.back() == 'U') {
            text.pop_back();
        }

        // PTX ISA 4.5.1: hexadecimal 0x, binary 0b, octal 0.
        char* end = nullptr;
        const bool binary = text.compare(0, 2, "0b") == 0 || text.compare(0, 2, "0B") == 0;
        const uint64_t value = std::strtoull(text.c_str() + (binary ? 2 : 0), &end, binary ? 2 : 0);
        if (text.empty() || *end != 0) {
            fail("`" + text + "` is no integer");
        }

        return value;
    }

    void header(const std::string& word) {
        const std::string value = next().text;
        if (word == ".version" && std::atof(value.c_str()) > 8.4) {
            fail("PTX " + value + " is newer than the driver");
        }

        if (word == ".target" && (value.compare(0, 3, "sm_") != 0 || std::atoi(value.c_str() + 3) > 90)) {
            fail("the target " + value + " is not that of the device");
        }

        if (word == ".address_size" && value != "64") {
            fail("addresses have 64 bits");
        }
    }

    Type type_after_dot() {
        const std::string word = next().text;
        const auto type = word.size() > 1 && word[0] == '.' ? type_named(word.substr(1)) : std::nullopt;
        if (!type) {
            fail("`" + word + "` is no type");
        }

        return *type;
    }

    std::vector<Parameter> parameters(uint32_t& bytes) {
        std::vector<Parameter> all;
        expect("(");
        while (!skip(")")) {
            expect(".param");
            uint32_t alignment = 0;
            if (skip(".align")) {
                alignment = static_cast<uint32_t>(integer());
            }

            const Type type = type_after_dot();
            const std::string name = next().text;
            uint32_t size = static_cast<uint32_t>(type.bytes());
            alignment = std::max(alignment, size);
            if (skip("[")) {
                size *= static_cast<uint32_t>(integer());
                expect("]");
            }

            // PTX ISA 7.1 and 5.4: a parameter lies at its own alignment after the one before.
            bytes = (bytes + alignment - 1) / alignment * alignment;
            all.push_back({name, bytes, size, alignment});
            bytes += size;
            skip(",");
        }

        return all;
    }

    std::unique_ptr<Function> function_after(const std::string& word) {
        auto function = std::make_unique<Function>();
        function->is_entry = word == ".entry";
        Places places(*function);
        uint32_t result_bytes = 0;
        if (!function->is_entry && is("(")) {
            places.results = parameters(result_bytes);
        }

        function->name = next().text;
        if (is("(")) {
            function->parameters = parameters(function->parameter_bytes);
        }

        while (is(".maxntid") || is(".reqntid") || is(".minnctapersm") || is(".maxnreg")) {
            const std::string directive = next().text;
            uint32_t product = static_cast<uint32_t>(integer());
            while (skip(",")) {
                product *= static_cast<uint32_t>(integer());
            }

            if (directive == ".reqntid") {
                fail(".reqntid is not known");
            }

            function->most_threads = directive == ".maxntid" ? product : function->most_threads;
        }

        if (skip(";")) {
            return nullptr;
        }

        body(places);
        return function;
    }

    void body(Places& places);
    void declaration(Places& places);
    void shared(Places& places);
    Statement statement();
    Operand operand();
};

void Parser::body(Places& places) {
    auto& function = places.function();
    function.shared_bytes = SharedStart;
    std::map<std::string, uint32_t> labels;
    expect("{");
    for (int depth = 1; depth > 0;) {
        if (skip("{")) {
            depth++;
            places.open();
        } else if (skip("}")) {
            depth--;
            places.close();
        } else if (is(".reg")) {
            declaration(places);
        } else if (is(".shared")) {
            shared(places);
        } else if (peek().shape == Token::Word && peek(1).text == ":") {
            if (!labels.emplace(next().text, static_cast<uint32_t>(function.code.size())).second) {
                fail("a label stands twice");
            }

            next();
        } else if (!skip(";")) {
            const auto read = statement();
            try {
                encode(places, read);
            } catch (const PtxError& e) {
                throw PtxError("line " + std::to_string(read.line) + ": `" + read.text + "`: " + e.what());
            }
        }
    }

    for (const auto& [label, users] : places.uses) {
        const auto found = labels.find(label);
        if (found == labels.end()) {
            fail("the label " + label + " is missing");
        }

        for (const auto user : users) {
            function.code[user].target = found->second;
        }
    }

    // PTX ISA 9.7.12: after the last instruction a function returns.
    Statement last;
    last.opcode = last.text = "ret";
    last.modifiers = {};
    encode(places, last);
}

void Parser::declaration(Places& places) {
    next();
    const Type type = type_after_dot();
    do {
        const std::string name = next().text;
        if (skip("<")) {
            const auto count = integer();
            expect(">");
            for (uint64_t i = 0; i < count; i++) {
                places.declare(name + std::to_string(i), type);
            }
        } else {
            places.declare(name, type);
        }
    } while (skip(","));
    expect(";");
}

void Parser::shared(Places& places) {
    next();
    uint32_t alignment = 1;
    if (skip(".align")) {
        alignment = static_cast<uint32_t>(integer());
    }

    const Type type = type_after_dot();
    const std::string name = next().text;
    uint32_t size = static_cast<uint32_t>(type.bytes());
    if (skip("[")) {
        size *= static_cast<uint32_t>(integer());
        expect("]");
    }

    expect(";");
    auto& function = places.function();
    alignment = std::max(alignment, static_cast<uint32_t>(type.bytes()));
    const uint32_t at = (function.shared_bytes + alignment - 1) / alignment * alignment;
    function.shared.push_back({name, at});
    function.shared_bytes = at + size;
}

Operand Parser::operand() {
    Operand made;
    if (skip("{")) {
        made.shape = Operand::Vector;
        do {
            made.parts.push_back(operand());
        } while (skip(","));
        expect("}");
        return made;
    }

    if (skip("[")) {
        made.shape = Operand::Address;
        if (peek().shape == Token::Number) {
            made.value = integer();
        } else {
            made.name = next().text;
        }

        if (skip("+")) {
            made.offset = skip("-") ? -static_cast<int64_t>(integer()) : static_cast<int64_t>(integer());
        } else if (skip("-")) {
            made.offset = -static_cast<int64_t>(integer());
        }

        expect("]");
        return made;
    }

    made.negated = skip("!");
    const bool minus = skip("-");
    const std::string text = peek().text;
    if (peek().shape == Token::Word && !minus) {
        next();
        made.shape = text == "_" ? Operand::Sink : Operand::Name;
        made.name = text;
    } else if (peek().shape == Token::Number) {
        // PTX ISA 4.5.2: 0f and 0d say the bits of a float.
        const bool hexadecimal = text.size() > 2 && text[0] == '0' && std::string("fFdD").find(text[1]) != std::string::npos && text.compare(0, 2, "0x") != 0;
        if (hexadecimal && !minus && (text.size() == 10 || text.size() == 18)) {
            next();
            made.shape = text.size() == 10 ? Operand::Float32 : Operand::Float64;
            made.value = std::strtoull(text.c_str() + 2, nullptr, 16);
        } else {
            made.shape = Operand::Integer;
            made.value = integer();
            made.value = minus ? 0 - made.value : made.value;
        }
    } else {
        fail("`" + text + "` is no operand");
    }

    return made;
}

Statement Parser::statement() {
    Statement made;
    made.line = peek().line;
    const size_t first = at_;
    if (skip("@")) {
        made.guard_negated = skip("!");
        made.guard = next().text;
    }

    if (peek().shape != Token::Word || peek().text[0] == '.' || peek().text[0] == '%') {
        fail("`" + peek().text + "` is no instruction");
    }

    const std::string name = next().text;
    size_t dot = name.find('.');
    made.opcode = name.substr(0, dot);
    while (dot != std::string::npos) {
        const size_t end = name.find('.', dot + 1);
        made.modifiers.push_back(name.substr(dot + 1, end == std::string::npos ? end : end - dot - 1));
        dot = end;
    }

    while (!is(";")) {
        made.operands.push_back(operand());
        if (made.operands.size() == 1 && skip("|")) {
            made.second.push_back(operand());
        }

        if (!skip(",") && !is(";")) {
            fail("`" + peek().text + "` stands where an operand ends");
        }
    }

    for (size_t i = first; i < at_; i++) {
        made.text += (i == first || tokens_[i].shape == Token::Punctuation ? "" : " ") + tokens_[i].text;
    }

    next();
    return made;
}

}

std::unique_ptr<Program> parse_program(const std::string& text) { return Parser(text).parse(); }

}
