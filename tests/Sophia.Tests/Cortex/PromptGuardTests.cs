using Sophia.Memory.Cortex;

namespace Sophia.Tests.Cortex;

public sealed class PromptGuardTests
{
    [Theory]
    [InlineData("sales in 2024", "sales in 2025")]
    [InlineData("rows where a < b", "rows where a > b")]
    [InlineData("is it -3 degrees", "is it 3 degrees")]
    [InlineData("the plan for Acme", "the plan for Apex")]
    [InlineData("it works", "it doesn't work")]
    [InlineData("with tax", "without tax")]
    [InlineData("version 1.5", "version 15")]
    [InlineData("from A1 to B2", "from B2 to A1")]
    [InlineData("the derivative of x²", "the derivative of x³")]
    [InlineData("plot e^-x", "plot e^x")]
    [InlineData("what is .5 of 80", "what is 5 of 80")]
    [InlineData("if(!ready) stop", "if(ready) stop")]
    [InlineData("½ cup of flour", "cup of flour")]
    [InlineData("(a+b)*c", "a+(b*c)")]
    [InlineData("a - b", "a b")]
    [InlineData("What is 5! + 3?", "What is 5 + 3?")]
    [InlineData("What is 5!", "What is 5")]
    [InlineData("What does ?? do in C#?", "What does ?: do in C#?")]
    [InlineData("f'(2) of f(x)", "f(2) of f(x)")]
    [InlineData("How long is 6' in cm", "How long is 6\" in cm")]
    public void Numbers_names_signs_and_negations_are_guarded_even_where_meaning_is_known(string one, string other) =>
        Assert.NotEqual(PromptGuard.Of(one, knowsMeaning: true), PromptGuard.Of(other, knowsMeaning: true));

    [Theory]
    [InlineData("how do I get back my password", "my password is lost, what now")]
    [InlineData("What is a tier?", "Explain tiers.")]
    public void Wording_is_left_to_a_model_that_knows_meaning(string one, string other) =>
        Assert.Equal(PromptGuard.Of(one, knowsMeaning: true).Replace("i ", "", StringComparison.Ordinal), PromptGuard.Of(other, knowsMeaning: true));

    [Theory]
    [InlineData("dog bites man", "man bites dog")]
    [InlineData("the capital of france", "the capital of germany")]
    [InlineData("का", "की")]
    public void Every_word_counts_where_it_is_not(string one, string other) =>
        Assert.NotEqual(PromptGuard.Of(one, knowsMeaning: false), PromptGuard.Of(other, knowsMeaning: false));

    [Fact]
    public void Articles_case_and_politeness_never_count() =>
        Assert.Equal(PromptGuard.Of("Could you tell me the price of a plan, please?", knowsMeaning: false), PromptGuard.Of("price of plan", knowsMeaning: false));

    [Theory]
    [InlineData("Is “this” well-known?", "is this well known")]
    [InlineData("First, \"that\". Then this!", "first that then this")]
    [InlineData("What is it?)", "what is it)")]
    public void What_ends_and_parts_sentences_quotes_and_joins_words_never_counts(string one, string other) =>
        Assert.Equal(PromptGuard.Of(one, knowsMeaning: false), PromptGuard.Of(other, knowsMeaning: false));
}
